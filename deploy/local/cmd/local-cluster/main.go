// Local-cluster runs a Kubernetes control plane as ordinary processes of the
// user who starts it: etcd, kube-apiserver, and in its own process the two
// controllers without which the API does not behave as users know it (the
// namespace controller and the garbage collector). There is no node, so Pods
// are accepted and never run.
//
//	local-cluster up --dir DIR [--assets BIN] [--stop-on-stdin-eof]
//
// README.md, two folders up, says how to use it.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// The kernel ties "kill me when my parent dies" to the thread that started
// the child. The main goroutine starts every child, so it keeps the main
// thread, which lives as long as the process.
func init() { runtime.LockOSThread() }

func main() {
	if len(os.Args) < 2 || os.Args[1] != "up" {
		fmt.Fprintln(os.Stderr, "usage: local-cluster up --dir DIR [--assets BIN] [--stop-on-stdin-eof]")
		os.Exit(2)
	}
	flags := flag.NewFlagSet("up", flag.ExitOnError)
	dir := flags.String("dir", "", "folder for data, keys, logs and the kubeconfig; made if absent")
	assets := flags.String("assets", "", "folder with etcd, kube-apiserver and perhaps kubectl (default: the folder of this program)")
	stopOnEOF := flags.Bool("stop-on-stdin-eof", false, "stop when standard input ends, that is when the process that started this one is gone")
	_ = flags.Parse(os.Args[2:])
	if *dir == "" || flags.NArg() > 0 {
		flags.Usage()
		os.Exit(2)
	}
	if err := up(*dir, *assets, *stopOnEOF); err != nil {
		fmt.Fprintln(os.Stderr, "local-cluster:", err)
		os.Exit(1)
	}
}

// event is what one line on standard output says.
type event struct {
	Event      string         `json:"event"` // ready, or apiserver-stopped
	Kubeconfig string         `json:"kubeconfig"`
	Server     string         `json:"server"`
	Etcd       string         `json:"etcd"`
	Kubectl    string         `json:"kubectl,omitempty"`
	Dir        string         `json:"dir"`
	Pids       map[string]int `json:"pids"`
	Seconds    float64        `json:"seconds"`
}

func up(dir, assets string, stopOnEOF bool) error {
	began := time.Now()
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGUSR1)
	stdinEOF := make(chan struct{})
	if stopOnEOF {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			close(stdinEOF)
		}()
	}

	cluster, err := newCluster(dir, assets)
	if err != nil {
		return err
	}
	defer cluster.stop()

	// Starting can be interrupted like everything else.
	stopped := func() bool {
		select {
		case <-stdinEOF:
			return true
		case s := <-signals:
			return s == syscall.SIGTERM || s == syscall.SIGINT
		default:
			return false
		}
	}
	if err := cluster.start(stopped); err != nil {
		if err == errStopped {
			return nil
		}
		return err
	}

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if err := runControllers(ctx, cluster.restConfig(), filepath.Join(cluster.dir, "controllers.log")); err != nil {
		return err
	}
	say := func(what string, since time.Time) {
		line, _ := json.Marshal(event{
			Event:      what,
			Kubeconfig: cluster.kubeconfig(),
			Server:     cluster.server(),
			Etcd:       cluster.etcdURL(),
			Kubectl:    cluster.kubectl(),
			Dir:        cluster.dir,
			Pids:       cluster.pids(),
			Seconds:    float64(time.Since(since).Milliseconds()) / 1000,
		})
		fmt.Println(string(line))
	}
	say("ready", began)

	for {
		select {
		case <-stdinEOF:
			return nil
		case p := <-cluster.exits:
			if cluster.expects(p) {
				continue
			}
			return fmt.Errorf("%s ended by itself: %v\n%s", p.name, p.err, p.logTail())
		case s := <-signals:
			since := time.Now()
			switch s {
			case syscall.SIGHUP:
				cluster.stopAPIServer()
				if err := cluster.startAPIServer(stopped); err != nil {
					if err == errStopped {
						return nil
					}
					return err
				}
				say("ready", since)
			case syscall.SIGUSR1:
				cluster.stopAPIServer()
				say("apiserver-stopped", since)
			default:
				return nil
			}
		}
	}
}
