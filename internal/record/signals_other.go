//go:build !unix

package record

import "os"

// forwarded are the signals that are kept from ending the recorder before its child: the console gives them to both.
var forwarded = []os.Signal{os.Interrupt}

// reaches tells whether the console gives a signal to the child itself.
func reaches(os.Signal) bool { return true }

// signalled is for systems where signals end processes.
func signalled(*os.ProcessState) (code int, ok bool) { return 0, false }
