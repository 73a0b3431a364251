package main

import (
	"context"
	"errors"
	"flag"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/controller-manager/pkg/informerfactory"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/controller/garbagecollector"
	"k8s.io/kubernetes/pkg/controller/namespace/deletion"
)

const (
	// kube-controller-manager waits 5 s before it empties a namespace, so that
	// other API servers and other members of etcd have heard of the deletion.
	// Here there is one of each; its own admission cache needs milliseconds.
	namespaceGrace = 250 * time.Millisecond
	// It waits 8 s for finalizers before it looks again.
	namespaceRetry   = 500 * time.Millisecond
	namespaceWorkers = 4

	// It looks for new kinds every 30 s. Here a new CRD is the usual case.
	collectorResync  = time.Second
	collectorWorkers = 4
	collectorSync    = 30 * time.Second
)

// runControllers starts the namespace controller and the garbage collector;
// they work until ctx ends. What they do is kube-controller-manager's own code;
// only their pace is ours.
func runControllers(ctx context.Context, config *rest.Config, logPath string) error {
	if err := logTo(logPath); err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	meta, err := metadata.NewForConfig(config)
	if err != nil {
		return err
	}
	typed := informers.NewSharedInformerFactory(client, 0)
	untyped := metadatainformer.NewSharedInformerFactory(meta, 0)

	namespaces := newNamespaceController(client, meta, typed)

	started := make(chan struct{})
	collector, err := garbagecollector.NewGarbageCollector(ctx, client, meta,
		restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(client.Discovery())),
		garbagecollector.DefaultIgnoredResources(),
		informerfactory.NewInformerFactory(typed, untyped), started)
	if err != nil {
		return err
	}

	typed.Start(ctx.Done())
	untyped.Start(ctx.Done())
	close(started)
	go collector.Run(ctx, collectorWorkers, collectorSync)
	go collector.Sync(ctx, client.Discovery(), collectorResync)
	go namespaces.run(ctx)
	return nil
}

func logTo(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	flags := flag.NewFlagSet("log", flag.PanicOnError)
	klog.InitFlags(flags)
	_ = flags.Set("logtostderr", "false")
	_ = flags.Set("alsologtostderr", "false")
	_ = flags.Set("stderrthreshold", "FATAL")
	klog.SetOutput(file)
	return nil
}

// namespaceController empties namespaces that are being deleted.
type namespaceController struct {
	client   kubernetes.Interface
	metadata metadata.Interface
	informer cache.SharedIndexInformer
	queue    workqueue.TypedRateLimitingInterface[string]
}

func newNamespaceController(client kubernetes.Interface, meta metadata.Interface, factory informers.SharedInformerFactory) *namespaceController {
	c := &namespaceController{
		client:   client,
		metadata: meta,
		informer: factory.Core().V1().Namespaces().Informer(),
		queue: workqueue.NewTypedRateLimitingQueue(
			workqueue.NewTypedItemExponentialFailureRateLimiter[string](50*time.Millisecond, 5*time.Second)),
	}
	see := func(object any) {
		if namespace, ok := object.(*corev1.Namespace); ok && namespace.DeletionTimestamp != nil {
			c.queue.AddAfter(namespace.Name, namespaceGrace)
		}
	}
	_, _ = c.informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    see,
		UpdateFunc: func(_, object any) { see(object) },
	})
	return c
}

func (c *namespaceController) run(ctx context.Context) {
	if !cache.WaitForCacheSync(ctx.Done(), c.informer.HasSynced) {
		return
	}
	for range namespaceWorkers {
		go c.work(ctx)
	}
	<-ctx.Done()
	c.queue.ShutDown()
}

func (c *namespaceController) work(ctx context.Context) {
	for {
		name, over := c.queue.Get()
		if over {
			return
		}
		err := c.empty(ctx, name)
		var remaining *deletion.ResourcesRemainingError
		switch {
		case err == nil:
			c.queue.Forget(name)
		case errors.As(err, &remaining):
			c.queue.Forget(name)
			c.queue.AddAfter(name, namespaceRetry)
		default:
			klog.FromContext(ctx).Error(err, "namespace not emptied", "namespace", name)
			c.queue.AddRateLimited(name)
		}
		c.queue.Done(name)
	}
}

// empty makes one pass over a namespace. The deleter remembers for ever which
// kinds answered "not found", and ends the process when discovery fails: a new
// one for each pass, made after discovery has answered, does neither.
func (c *namespaceController) empty(ctx context.Context, name string) error {
	resources, err := discovery.ServerPreferredNamespacedResources(c.client.Discovery())
	if len(resources) == 0 {
		if err == nil {
			err = errors.New("discovery knows no resource")
		}
		return err
	}
	return deletion.NewNamespacedResourcesDeleter(ctx,
		c.client.CoreV1().Namespaces(), c.metadata, c.client.CoreV1(),
		func() ([]*metav1.APIResourceList, error) { return resources, err },
		corev1.FinalizerKubernetes,
	).Delete(ctx, name)
}
