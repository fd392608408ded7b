// Package browser tests the pages as people have them: in Chromium, with a mouse and a keyboard. It holds tests only.
//
//	chrome_test.go   the one Chromium of all tests
//	user_test.go     a person at a window of it: visit, follow, click, fill, see
//	watch_test.go    what goes wrong behind the glass: errors on the console, violations of the policy, failed requests
//	page_test.go     what holds for every page: it fits, it does not jump, it is light, it can be used by everybody
//	picture_test.go  screenshots
//
// The other files are what people do, an area each; walk_test.go visits every page there is, and hostile_test.go does
// so with names that mean harm.
//
// Debian's package chromium-headless-shell (or chromium, which is slower) and the npm package axe-core are taken where they are: without the first all tests skip
// with one line, without the second the checks of accessibility do. PAIL_TEST_SCREENSHOTS names a folder for pictures of
// every page that is visited; without it none are taken.
//
// What does not live here: tests of what a page answers, to whom and with which status. These are in the page's own
// package, and need no browser.
package browser
