package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// process is a child, with its log.
type process struct {
	name string
	cmd  *exec.Cmd
	log  string
	from int64         // where the log of this run begins
	done chan struct{} // closed when the child is gone
	err  error         // how it ended; valid once done is closed
}

func (c *cluster) spawn(name string, args ...string) (*process, error) {
	p := &process{name: name, log: filepath.Join(c.dir, name+".log"), done: make(chan struct{})}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	if info, err := log.Stat(); err == nil {
		p.from = info.Size()
	}
	p.cmd = exec.Command(filepath.Join(c.assets, name), args...)
	p.cmd.Dir = c.dir
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.SysProcAttr = childAttributes()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("cannot start %s: %w", name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
		c.exits <- p
	}()
	return p, nil
}

func (p *process) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

func (p *process) wait(limit time.Duration) {
	select {
	case <-p.done:
	case <-time.After(limit):
	}
}

func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	<-p.done
}

// logTail is the end of what this run of the child has logged.
func (p *process) logTail() string {
	text, err := os.ReadFile(p.log)
	if err != nil || int64(len(text)) < p.from {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(text[p.from:])), "\n")
	if len(lines) > 20 {
		lines = lines[len(lines)-20:]
	}
	return "the end of " + p.log + ":\n  " + strings.Join(lines, "\n  ")
}
