// A stand-in for csi-node-driver-registrar, the only sidecar of the test cluster that is not the official one: no module
// proxy has its module, since its tags say v2 and its module path does not. It takes the flags that the chart passes
// and speaks the same protocol: the kubelet finds the socket in its registry directory, asks for the driver's name and
// socket, and says how the registration went. The chart itself uses the official image.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	pluginregistration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
)

const askEvery = 5 * time.Second

// registration answers the kubelet's plugin watcher.
type registration struct {
	pluginregistration.UnimplementedRegistrationServer
	driverName string
	// The driver's socket as the kubelet sees it.
	endpoint string
	// Takes the reason why the kubelet refused the driver.
	refused chan<- error
}

func (r *registration) GetInfo(context.Context, *pluginregistration.InfoRequest) (*pluginregistration.PluginInfo, error) {
	return &pluginregistration.PluginInfo{
		Type:              pluginregistration.CSIPlugin,
		Name:              r.driverName,
		Endpoint:          r.endpoint,
		SupportedVersions: []string{"1.0.0"},
	}, nil
}

func (r *registration) NotifyRegistrationStatus(_ context.Context, status *pluginregistration.RegistrationStatus) (*pluginregistration.RegistrationStatusResponse, error) {
	if status.PluginRegistered {
		log.Printf("the kubelet has registered %s", r.driverName)
	} else {
		select {
		case r.refused <- fmt.Errorf("the kubelet refused %s: %s", r.driverName, status.Error):
		default: // One reason to end is enough.
		}
	}
	return &pluginregistration.RegistrationStatusResponse{}, nil
}

// getDriverName asks the driver until it answers: it may start later than this process.
func getDriverName(ctx context.Context, socket string) (string, error) {
	connection, err := grpc.NewClient("unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return "", err
	}
	defer connection.Close()
	for ctx.Err() == nil {
		once, cancel := context.WithTimeout(ctx, askEvery)
		info, err := csi.NewIdentityClient(connection).GetPluginInfo(once, &csi.GetPluginInfoRequest{}, grpc.WaitForReady(true))
		cancel()
		if err == nil {
			return info.GetName(), nil
		}
		log.Printf("no answer from the driver at %s yet: %v", socket, err)
	}
	return "", ctx.Err()
}

func serve(ctx context.Context, driverSocket, endpoint, directory string) error {
	name, err := getDriverName(ctx, driverSocket)
	if err != nil {
		return err
	}
	path := filepath.Join(directory, name+"-reg.sock")
	// What a killed predecessor left.
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	ended := make(chan error, 2)
	server := grpc.NewServer()
	pluginregistration.RegisterRegistrationServer(server, &registration{driverName: name, endpoint: endpoint, refused: ended})
	go func() { ended <- server.Serve(listener) }()
	log.Printf("waiting for the kubelet at %s", path)
	select {
	case <-ctx.Done():
	case err = <-ended:
	}
	server.Stop() // Removes the socket, by which the kubelet sees that the driver is gone.
	return err
}

func main() {
	driverSocket := flag.String("csi-address", "/run/csi/socket", "the driver's socket as this process sees it")
	endpoint := flag.String("kubelet-registration-path", "", "the driver's socket as the kubelet sees it")
	directory := flag.String("plugin-registration-path", "/registration", "the kubelet's registry directory as this process sees it")
	health := flag.String("http-endpoint", "", "where to serve /healthz, or nothing")
	for _, ignored := range []string{"v", "timeout", "mode", "health-port", "enable-pprof"} {
		flag.String(ignored, "", "taken and ignored")
	}
	flag.Parse()
	if *endpoint == "" {
		log.Fatal("--kubelet-registration-path is missing")
	}
	if *health != "" {
		http.HandleFunc("/healthz", func(answer http.ResponseWriter, _ *http.Request) { fmt.Fprintln(answer, "ok") })
		go func() { log.Print(http.ListenAndServe(*health, nil)) }()
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := serve(ctx, *driverSocket, *endpoint, *directory); err != nil && ctx.Err() == nil {
		log.Fatal(err)
	}
}
