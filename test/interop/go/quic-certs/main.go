// Dials a QUIC host with a certificate that has something wrong with it, and says how far it came.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"os"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	libp2ptls "github.com/libp2p/go-libp2p/p2p/security/tls"
	"github.com/quic-go/quic-go"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func config(kind string) *tls.Config {
	identity, _, err := crypto.GenerateEd25519Key(rand.Reader)
	must(err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	proven := key
	if kind == "another-key" {
		proven, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must(err)
	}
	extension, err := libp2ptls.GenerateSignedExtension(identity, proven.Public())
	must(err)
	extensions := []pkix.Extension{extension}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(1000 * time.Hour),
	}
	switch kind {
	case "expired":
		template.NotAfter = time.Now().Add(-time.Minute)
	case "not-yet-valid":
		template.NotBefore = time.Now().Add(time.Hour)
	case "no-extension":
		extensions = nil
	case "extension-twice":
		extensions = append(extensions, extension)
	case "extension-critical":
		extensions[0].Critical = true
	case "extension-garbage":
		extensions[0].Value = []byte{0x30, 0x80, 0x04}
	case "unknown-critical":
		extensions = append(extensions, pkix.Extension{Id: []int{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}})
	}
	template.ExtraExtensions = extensions
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(err)
	chain := [][]byte{der}
	switch kind {
	case "two-certificates":
		chain = append(chain, der)
	case "tampered":
		der[len(der)-1] ^= 1
	}
	made := &tls.Config{
		InsecureSkipVerify: true,
		NextProtos:         []string{"libp2p"},
		MinVersion:         tls.VersionTLS13,
		Certificates:       []tls.Certificate{{Certificate: chain, PrivateKey: key}},
	}
	switch kind {
	case "no-certificate":
		made.Certificates = nil
	case "other-alpn":
		made.NextProtos = []string{"h2"}
	}
	return made
}

// try is true where the host took us for somebody, and gave us a stream.
func try(addr, kind string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	connection, err := quic.DialAddr(ctx, addr, config(kind), &quic.Config{})
	if err != nil {
		return false
	}
	defer connection.CloseWithError(0, "")
	stream, err := connection.OpenStreamSync(ctx)
	if err != nil {
		return false
	}
	// The client is through before the server has looked at its certificate: only an answer tells.
	if _, err = stream.Write([]byte("\x13/multistream/1.0.0\n\x03ls\n")); err != nil {
		return false
	}
	must(stream.SetReadDeadline(time.Now().Add(3 * time.Second)))
	_, err = stream.Read(make([]byte, 1))
	return err == nil
}

func main() {
	for _, kind := range os.Args[2:] {
		fmt.Println(kind, try(os.Args[1], kind))
	}
}
