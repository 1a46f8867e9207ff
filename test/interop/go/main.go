// A go-libp2p host that is told what to do, line by line: the other side of the interop tests.
package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
	ma "github.com/multiformats/go-multiaddr"
)

const (
	echoID  = "/interop/echo/1"
	countID = "/interop/count/1"
	resetID = "/interop/reset/1"
	slowID  = "/interop/slow/1"
	lineID  = "/echo/1.0.0"
	code    = 0x1234
)

type command struct {
	ID       int    `json:"id"`
	Scenario string `json:"scenario"`
	Addr     string `json:"addr"`
	Size     int    `json:"size"`
	Protocol string `json:"protocol"`
}

var out sync.Mutex

func say(value map[string]any) {
	out.Lock()
	defer out.Unlock()
	line, _ := json.Marshal(value)
	fmt.Println(string(line))
}

func main() {
	wants := options{}
	flag.StringVar(&wants.transport, "transport", "tcp", "tcp, ws, wss or quic")
	flag.StringVar(&wants.security, "security", "noise", "noise, tls or plaintext")
	flag.StringVar(&wants.psk, "psk", "", "the key file of a private network")
	flag.StringVar(&wants.cert, "cert", "", "the certificate of wss, in PEM")
	flag.StringVar(&wants.key, "key", "", "its key")
	flag.Parse()
	h, err := newHost(wants)
	if err != nil {
		panic(err)
	}
	handle(h)
	addrs := []string{}
	for _, addr := range h.Addrs() {
		addrs = append(addrs, fmt.Sprintf("%s/p2p/%s", addr, h.ID()))
	}
	say(map[string]any{"event": "listening", "addrs": addrs})
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var cmd command
		if json.Unmarshal(lines.Bytes(), &cmd) != nil {
			continue
		}
		go func() {
			result, err := run(h, cmd)
			answer := map[string]any{"id": cmd.ID, "result": result}
			if err != nil {
				answer["error"] = err.Error()
			}
			say(answer)
		}()
	}
	h.Close()
}

func handle(h host.Host) {
	h.SetStreamHandler(echoID, func(s network.Stream) {
		if _, err := io.Copy(s, s); err != nil {
			s.Reset()
			return
		}
		s.Close()
	})
	count := func(s network.Stream) {
		hash := sha256.New()
		n, err := io.Copy(hash, s)
		if err != nil {
			s.Reset()
			return
		}
		fmt.Fprintf(s, "%d %s", n, hex.EncodeToString(hash.Sum(nil)))
		s.Close()
	}
	h.SetStreamHandler(countID, count)
	h.SetStreamHandler(slowID, func(s network.Stream) {
		time.Sleep(time.Second)
		count(s)
	})
	h.SetStreamHandler(resetID, func(s network.Stream) {
		one := make([]byte, 1)
		io.ReadFull(s, one)
		s.ResetWithError(code)
	})
	h.SetStreamHandler("/interop/watch-reset/1", func(s network.Stream) {
		_, err := io.Copy(io.Discard, s)
		say(map[string]any{"event": "reset", "code": codeOf(err)})
	})
	h.SetStreamHandler(lineID, func(s network.Stream) {
		line, err := bufio.NewReader(s).ReadString('\n')
		if err != nil {
			s.Reset()
			return
		}
		s.Write([]byte(line))
		s.Close()
	})
}

func codeOf(err error) uint32 {
	var streamErr *network.StreamError
	if errors.As(err, &streamErr) {
		return uint32(streamErr.ErrorCode)
	}
	return 0
}

func run(h host.Host, cmd command) (any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	addr, err := ma.NewMultiaddr(cmd.Addr)
	if err != nil {
		return nil, err
	}
	info, err := peer.AddrInfoFromP2pAddr(addr)
	if err != nil {
		return nil, err
	}
	if err := h.Connect(ctx, *info); err != nil {
		return nil, err
	}
	open := func(id protocol.ID) (network.Stream, error) { return h.NewStream(ctx, info.ID, id) }
	switch cmd.Scenario {
	case "identify":
		return until(h, info.ID, func(k known) bool { return k.Agent != "" && len(k.Protocols) > 0 })
	case "wait-for":
		return until(h, info.ID, func(k known) bool { return slices.Contains(k.Protocols, cmd.Protocol) })
	case "wait-without":
		return until(h, info.ID, func(k known) bool { return !slices.Contains(k.Protocols, cmd.Protocol) })
	case "handle":
		h.SetStreamHandler(protocol.ID(cmd.Protocol), func(s network.Stream) { s.Reset() })
		return nil, nil
	case "unhandle":
		h.RemoveStreamHandler(protocol.ID(cmd.Protocol))
		return nil, nil
	case "ping":
		return pings(ctx, h, info.ID, cmd.Size)
	case "echo":
		return echo(open, cmd.Size)
	case "count":
		return counted(open, countID, cmd.Size)
	case "slow":
		return counted(open, slowID, cmd.Size)
	case "many":
		return many(open)
	case "reset":
		return watchReset(open)
	case "send-reset":
		return sendReset(open)
	case "line":
		return line(open)
	case "unknown":
		_, err := open("/interop/unknown/1")
		return nil, err
	case "unknown-lazily":
		h.Peerstore().AddProtocols(info.ID, "/interop/unknown/1")
		s, err := open("/interop/unknown/1")
		if err != nil {
			return nil, err
		}
		s.Write([]byte("hello"))
		_, err = s.Read(make([]byte, 1))
		return nil, err
	}
	return nil, fmt.Errorf("no scenario %s", cmd.Scenario)
}

// What we know of the other side.
type known struct {
	Protocols []string `json:"protocols"`
	Addrs     []string `json:"addrs"`
	Certified bool     `json:"certified"`
	Agent     string   `json:"agent"`
}

func until(h host.Host, id peer.ID, wants func(known) bool) (any, error) {
	var k known
	for tries := 0; tries < 100; tries++ {
		k = known{}
		protocols, _ := h.Peerstore().GetProtocols(id)
		for _, p := range protocols {
			k.Protocols = append(k.Protocols, string(p))
		}
		for _, addr := range h.Peerstore().Addrs(id) {
			k.Addrs = append(k.Addrs, addr.String())
		}
		if agent, err := h.Peerstore().Get(id, "AgentVersion"); err == nil {
			k.Agent = agent.(string)
		}
		if wants(k) {
			return k, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return nil, fmt.Errorf("waited in vain; known: %v", k)
}

func pings(ctx context.Context, h host.Host, id peer.ID, count int) (any, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	good := 0
	for result := range ping.Ping(ctx, h, id) {
		if result.Error != nil {
			return nil, result.Error
		}
		if good++; good == count {
			break
		}
	}
	return good, nil
}

func echo(open func(protocol.ID) (network.Stream, error), size int) (any, error) {
	s, err := open(echoID)
	if err != nil {
		return nil, err
	}
	sent := make([]byte, size)
	rand.Read(sent)
	go func() {
		s.Write(sent)
		s.CloseWrite()
	}()
	got, err := io.ReadAll(s)
	if err != nil {
		return nil, err
	}
	return string(got) == string(sent), nil
}

func counted(open func(protocol.ID) (network.Stream, error), id protocol.ID, size int) (any, error) {
	s, err := open(id)
	if err != nil {
		return nil, err
	}
	sent := make([]byte, size)
	rand.Read(sent)
	if _, err := s.Write(sent); err != nil {
		return nil, err
	}
	s.CloseWrite()
	got, err := io.ReadAll(s)
	if err != nil {
		return nil, err
	}
	hash := sha256.Sum256(sent)
	return string(got) == fmt.Sprintf("%d %s", size, hex.EncodeToString(hash[:])), nil
}

func many(open func(protocol.ID) (network.Stream, error)) (any, error) {
	var group sync.WaitGroup
	good := make(chan bool, 100)
	for i := 0; i < 100; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			same, err := echo(open, 1000+i)
			good <- err == nil && same == true
		}()
	}
	group.Wait()
	close(good)
	count := 0
	for ok := range good {
		if ok {
			count++
		}
	}
	return count, nil
}

func watchReset(open func(protocol.ID) (network.Stream, error)) (any, error) {
	s, err := open(resetID)
	if err != nil {
		return nil, err
	}
	s.Write([]byte("x"))
	_, err = io.ReadAll(s)
	return codeOf(err), nil
}

func sendReset(open func(protocol.ID) (network.Stream, error)) (any, error) {
	s, err := open("/interop/watch-reset/1")
	if err != nil {
		return nil, err
	}
	s.Write([]byte("x"))
	time.Sleep(100 * time.Millisecond)
	return nil, s.ResetWithError(code)
}

func line(open func(protocol.ID) (network.Stream, error)) (any, error) {
	s, err := open(lineID)
	if err != nil {
		return nil, err
	}
	s.Write([]byte("Hello, world!\n"))
	got, err := io.ReadAll(s)
	return strings.TrimSpace(string(got)), err
}
