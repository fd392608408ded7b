package web

// CheckPicture is for the tests outside of the package.
var CheckPicture = checkPicture
