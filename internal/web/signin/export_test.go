package signin

// For the tests outside of the package.
const FirstScopes = firstScopes

var (
	Shell  = shell
	Inside = inside
)
