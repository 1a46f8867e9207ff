package main

import (
	"crypto/tls"
	"fmt"
	"os"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/pnet"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	libp2ptls "github.com/libp2p/go-libp2p/p2p/security/tls"
	libp2pquic "github.com/libp2p/go-libp2p/p2p/transport/quic"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	"github.com/libp2p/go-libp2p/p2p/transport/websocket"
)

// What the host speaks: one transport and one security protocol, so that a test knows what it has tested.
type options struct {
	transport, security, psk, cert, key string
}

func newHost(wants options) (host.Host, error) {
	transport, listen, err := wants.overTransport()
	if err != nil {
		return nil, err
	}
	security, err := wants.withSecurity()
	if err != nil {
		return nil, err
	}
	all := []libp2p.Option{transport, security, libp2p.ListenAddrStrings(listen), libp2p.DisableRelay(), libp2p.ResourceManager(&network.NullResourceManager{})}
	if wants.psk != "" {
		file, err := os.Open(wants.psk)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		psk, err := pnet.DecodeV1PSK(file)
		if err != nil {
			return nil, err
		}
		all = append(all, libp2p.PrivateNetwork(psk))
	}
	return libp2p.New(all...)
}

func (wants options) overTransport() (libp2p.Option, string, error) {
	switch wants.transport {
	case "tcp":
		return libp2p.Transport(tcp.NewTCPTransport), "/ip4/127.0.0.1/tcp/0", nil
	case "ws":
		return libp2p.Transport(websocket.New), "/ip4/127.0.0.1/tcp/0/ws", nil
	case "wss":
		cert, err := tls.LoadX509KeyPair(wants.cert, wants.key)
		if err != nil {
			return nil, "", err
		}
		serving := websocket.WithTLSConfig(&tls.Config{Certificates: []tls.Certificate{cert}})
		// The certificate of the tests is signed by nobody.
		dialing := websocket.WithTLSClientConfig(&tls.Config{InsecureSkipVerify: true})
		return libp2p.Transport(websocket.New, serving, dialing), "/ip4/127.0.0.1/tcp/0/wss", nil
	case "quic":
		return libp2p.Transport(libp2pquic.NewTransport), "/ip4/127.0.0.1/udp/0/quic-v1", nil
	}
	return nil, "", fmt.Errorf("no transport %q", wants.transport)
}

func (wants options) withSecurity() (libp2p.Option, error) {
	switch wants.security {
	case "noise":
		return libp2p.Security(noise.ID, noise.New), nil
	case "tls":
		return libp2p.Security(libp2ptls.ID, libp2ptls.New), nil
	case "plaintext":
		return libp2p.NoSecurity, nil
	}
	return nil, fmt.Errorf("no security protocol %q", wants.security)
}
