package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"k8s.io/client-go/rest"
)

const (
	startLimit   = 90 * time.Second      // until everything answers, on a machine with much else to do
	stopLimit    = time.Second           // for kube-apiserver to stop listening and drain; then it only lingers for open watches
	pollInterval = 25 * time.Millisecond // between two looks whether a child answers
	requestLimit = 2 * time.Second       // for one such look
	bindAttempts = 5                     // a port found free can be taken before the child binds it
)

var errStopped = errors.New("stopped while starting")

// cluster is the control plane: its folder, its secrets, its children.
type cluster struct {
	dir     string
	assets  string
	keys    *keys
	client  *http.Client
	etcd    *process
	api     *process
	etcdAt  int // port
	apiAt   int // port
	exits   chan *process
	expired map[*process]bool // children that were stopped on purpose
}

func newCluster(dir, assets string) (*cluster, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if assets == "" {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		assets = filepath.Dir(self)
	}
	if assets, err = filepath.Abs(assets); err != nil {
		return nil, err
	}
	for _, name := range []string{"etcd", "kube-apiserver"} {
		if _, err := exec.LookPath(filepath.Join(assets, name)); err != nil {
			return nil, fmt.Errorf("no %s in %s", name, assets)
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	keys, err := makeKeys(dir)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(keys.ca)
	return &cluster{
		dir:    dir,
		assets: assets,
		keys:   keys,
		client: &http.Client{
			Timeout: requestLimit,
			// A connection for each look: one kept from before a restart says nothing.
			Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true},
		},
		exits:   make(chan *process, 16),
		expired: map[*process]bool{},
	}, nil
}

func (c *cluster) server() string     { return fmt.Sprintf("https://127.0.0.1:%d", c.apiAt) }
func (c *cluster) etcdURL() string    { return fmt.Sprintf("http://127.0.0.1:%d", c.etcdAt) }
func (c *cluster) kubeconfig() string { return filepath.Join(c.dir, "admin.kubeconfig") }

// kubectl is the one beside the servers, else the one beside this program,
// else the machine's own, else none.
func (c *cluster) kubectl() string {
	self, _ := os.Executable()
	for _, dir := range []string{c.assets, filepath.Dir(self)} {
		if path, err := exec.LookPath(filepath.Join(dir, "kubectl")); err == nil {
			return path
		}
	}
	path, _ := exec.LookPath("kubectl")
	return path
}

func (c *cluster) pids() map[string]int {
	pids := map[string]int{"launcher": os.Getpid()}
	for _, p := range []*process{c.etcd, c.api} {
		if p != nil && !c.expired[p] {
			pids[p.name] = p.cmd.Process.Pid
		}
	}
	return pids
}

func (c *cluster) restConfig() *rest.Config {
	return &rest.Config{
		Host:            c.server(),
		BearerToken:     c.keys.adminToken,
		TLSClientConfig: rest.TLSClientConfig{CAData: c.keys.ca},
		QPS:             -1, // no limit of the client's own: the server has one
	}
}

// start brings up etcd, then kube-apiserver.
func (c *cluster) start(stopped func() bool) error {
	for attempt := 1; ; attempt++ {
		c.etcdAt = freePort()
		err := c.startEtcd(stopped)
		if err == nil {
			break
		}
		if err == errStopped || attempt == bindAttempts || !errors.Is(err, errPortTaken) {
			return err
		}
	}
	for attempt := 1; ; attempt++ {
		c.apiAt = freePort()
		err := c.startAPIServer(stopped)
		if err == nil {
			break
		}
		if err == errStopped || attempt == bindAttempts || !errors.Is(err, errPortTaken) {
			return err
		}
	}
	return c.writeKubeconfig()
}

func (c *cluster) startEtcd(stopped func() bool) (err error) {
	c.etcd, err = c.spawn("etcd",
		"--name=local",
		"--data-dir="+filepath.Join(c.dir, "etcd"),
		"--listen-client-urls="+c.etcdURL(),
		"--advertise-client-urls="+c.etcdURL(),
		// No peer ever calls; any port does.
		"--listen-peer-urls=http://127.0.0.1:0",
		"--initial-advertise-peer-urls=http://127.0.0.1:1",
		"--initial-cluster=local=http://127.0.0.1:1",
		// What is here need not survive the machine.
		"--unsafe-no-fsync",
		"--log-level=warn",
	)
	if err != nil {
		return err
	}
	return c.await(c.etcd, stopped, c.etcdURL()+"/health")
}

func (c *cluster) startAPIServer(stopped func() bool) (err error) {
	c.api, err = c.spawn("kube-apiserver",
		"--etcd-servers="+c.etcdURL(),
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", c.apiAt),
		"--cert-dir="+c.dir,
		"--tls-cert-file="+c.keys.path("apiserver.crt"),
		"--tls-private-key-file="+c.keys.path("apiserver.key"),
		"--token-auth-file="+c.keys.path("tokens.csv"),
		"--authorization-mode=RBAC",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file="+c.keys.path("service-accounts.key"),
		"--service-account-signing-key-file="+c.keys.path("service-accounts.key"),
		"--service-cluster-ip-range=10.96.0.0/16",
		// Nothing routes to the Service "kubernetes" here, so nobody keeps its endpoints.
		"--endpoint-reconciler-type=none",
		"--shutdown-delay-duration=0s",
	)
	if err != nil {
		return err
	}
	// "default" is made by the server itself shortly after it calls itself ready.
	return c.await(c.api, stopped, c.server()+"/readyz", c.server()+"/api/v1/namespaces/default")
}

// await waits until each URL has answered 200.
func (c *cluster) await(p *process, stopped func() bool, urls ...string) error {
	deadline := time.Now().Add(startLimit)
	last := "no answer"
	for len(urls) > 0 {
		switch {
		case stopped():
			return errStopped
		case p.ended():
			c.expired[p] = true
			if tail := p.logTail(); strings.Contains(tail, "address already in use") {
				return fmt.Errorf("%s: %w", p.name, errPortTaken)
			}
			return fmt.Errorf("%s ended while starting: %v\n%s", p.name, p.err, p.logTail())
		case time.Now().After(deadline):
			return fmt.Errorf("%s is not ready after %s (%s: %s)\n%s", p.name, startLimit, urls[0], last, p.logTail())
		}
		if last = c.get(urls[0]); last == "" {
			urls = urls[1:]
			continue
		}
		time.Sleep(pollInterval)
	}
	return nil
}

// get says what is wrong with the answer, or nothing.
func (c *cluster) get(url string) string {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return err.Error()
	}
	if strings.HasPrefix(url, "https:") {
		request.Header.Set("Authorization", "Bearer "+c.keys.adminToken)
	}
	response, err := c.client.Do(request)
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusOK {
		return ""
	}
	body, _ := io.ReadAll(io.LimitReader(response.Body, 4096))
	return response.Status + " " + string(body)
}

func (c *cluster) writeKubeconfig() error {
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: local
contexts:
- name: local
  context: {cluster: local, user: admin}
clusters:
- name: local
  cluster:
    server: %s
    certificate-authority-data: %s
users:
- name: admin
  user:
    token: %s
`, c.server(), c.keys.caBase64(), c.keys.adminToken)
	return writeFile(c.kubeconfig(), []byte(text))
}

// stopAPIServer asks, then insists.
func (c *cluster) stopAPIServer() {
	if c.api == nil || c.expired[c.api] {
		return
	}
	c.expired[c.api] = true
	c.api.signal(syscall.SIGTERM)
	// A child that was paused does not hear the request before it goes on.
	c.api.signal(syscall.SIGCONT)
	c.api.wait(stopLimit)
	c.api.kill()
}

// stop ends everything at once: nothing here is worth a last write.
func (c *cluster) stop() {
	for _, p := range []*process{c.api, c.etcd} {
		if p != nil {
			c.expired[p] = true
			p.kill()
		}
	}
}

func (c *cluster) expects(p *process) bool { return c.expired[p] }

var errPortTaken = errors.New("the port was taken meanwhile")

// freePort finds a port below the range from which the kernel takes the
// client side of connections. In that range a client that calls again and
// again while the server restarts would, sooner or later, be given the
// server's own port, be connected to itself, and keep the server out.
func freePort() int {
	const lowest = 10_000
	highest := 32_000
	if text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range"); err == nil {
		if fields := strings.Fields(string(text)); len(fields) == 2 {
			if first, err := strconv.Atoi(fields[0]); err == nil && first > lowest+1000 {
				highest = first
			}
		}
	}
	port := lowest
	for range 1000 {
		port = lowest + rand.IntN(highest-lowest)
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			listener.Close()
			break
		}
	}
	return port
}
