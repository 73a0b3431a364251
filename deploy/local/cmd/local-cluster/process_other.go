//go:build !linux

package main

import "syscall"

// A child does not hear the Ctrl-C that is meant for this process. There is no
// parent-death signal here: a launcher ended by SIGKILL leaves its children.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
