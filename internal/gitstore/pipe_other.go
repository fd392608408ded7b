//go:build !linux

package gitstore

import "os"

func growPipe(*os.File) {}
