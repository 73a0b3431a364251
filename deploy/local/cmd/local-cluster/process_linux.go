package main

import "syscall"

// A child does not outlive this process, however this process ends, and does
// not hear the Ctrl-C that is meant for this process.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
