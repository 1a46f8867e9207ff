// One side of the benchmark, with go-libp2p: it runs what it is told, line by line, as bench/scenarios.mjs does.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	libp2ptls "github.com/libp2p/go-libp2p/p2p/security/tls"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	ma "github.com/multiformats/go-multiaddr"
)

const (
	echoID       = "/bench/echo/1"
	sinkID       = "/bench/sink/1"
	sourceID     = "/bench/source/1"
	messagesID   = "/bench/messages/1"
	messageBytes = 32
	mib          = 1048576
)

type options struct {
	Count      int  `json:"count"`
	AtOnce     int  `json:"atOnce"`
	Bytes      int  `json:"bytes"`
	Identified bool `json:"identified"`
}
type command struct {
	Scenario string  `json:"scenario"`
	Addr     string  `json:"addr"`
	Options  options `json:"options"`
}

var (
	ctx     = context.Background()
	message = make([]byte, messageBytes)
	chunk   = make([]byte, 65536)
)

func newHost(listen ...string) host.Host {
	options := []libp2p.Option{libp2p.NoListenAddrs}
	if len(listen) > 0 {
		options = []libp2p.Option{libp2p.ListenAddrStrings(listen...)}
	}
	security := libp2p.Security(noise.ID, noise.New)
	if slices.Contains(os.Args, "--tls") {
		security = libp2p.Security(libp2ptls.ID, libp2ptls.New)
	}
	return must(libp2p.New(append(options, libp2p.Transport(tcp.NewTCPTransport), security, libp2p.DisableRelay(), libp2p.ResourceManager(&network.NullResourceManager{}))...))
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func handle(h host.Host) {
	h.SetStreamHandler(echoID, func(s network.Stream) {
		io.Copy(s, s)
		s.Close()
	})
	h.SetStreamHandler(sinkID, func(s network.Stream) {
		n, _ := io.Copy(io.Discard, s)
		fmt.Fprint(s, n)
		s.Close()
	})
	h.SetStreamHandler(sourceID, func(s network.Stream) {
		request := make([]byte, 32)
		n, _ := s.Read(request)
		total, _ := strconv.Atoi(string(request[:n]))
		send(s, total)
		s.Close()
	})
	h.SetStreamHandler(messagesID, func(s network.Stream) {
		first := make([]byte, messageBytes)
		io.ReadFull(s, first)
		count, _ := strconv.Atoi(strings.TrimSpace(string(first)))
		done := make(chan bool)
		go func() {
			sendMessages(s, count)
			done <- true
		}()
		io.Copy(io.Discard, s)
		<-done
		s.Close()
	})
}

func send(s io.Writer, total int) {
	for sent := 0; sent < total; sent += len(chunk) {
		must(s.Write(chunk))
	}
}

func sendMessages(s io.Writer, count int) {
	for i := 0; i < count; i++ {
		must(s.Write(message))
	}
}

// One client and the peer that it talks to.
type client struct {
	host host.Host
	info peer.AddrInfo
}

func newClient(addr string) client {
	info := must(peer.AddrInfoFromP2pAddr(must(ma.NewMultiaddr(addr))))
	h := newHost()
	h.Peerstore().AddAddrs(info.ID, info.Addrs, peerstore.PermanentAddrTTL)
	return client{h, *info}
}

func connected(addr string) client {
	c := newClient(addr)
	check(c.host.Connect(ctx, c.info))
	return c
}

func (c client) open(id protocol.ID) network.Stream {
	return must(c.host.NewStream(ctx, c.info.ID, id))
}

// Connect returns once identify is done; DialPeer before.
func (c client) dialOnce(identified bool) time.Duration {
	start := time.Now()
	if identified {
		check(c.host.Connect(ctx, c.info))
	} else {
		must(c.host.Network().DialPeer(ctx, c.info.ID))
	}
	took := time.Since(start)
	check(c.host.Connect(ctx, c.info))
	check(c.host.Network().ClosePeer(c.info.ID))
	return took
}

func (c client) ask() {
	s := c.open(echoID)
	must(s.Write(message))
	s.CloseWrite()
	if n, err := io.Copy(io.Discard, s); n != messageBytes || err != nil {
		panic(fmt.Sprint("a short echo: ", n, err))
	}
	s.Close()
}

func (c client) upload(total int) int {
	s := c.open(sinkID)
	send(s, total)
	s.CloseWrite()
	answer := must(io.ReadAll(s))
	s.Close()
	return must(strconv.Atoi(string(answer)))
}

func (c client) download(total int) int {
	s := c.open(sourceID)
	fmt.Fprint(s, total)
	n := must(io.Copy(io.Discard, s))
	s.Close()
	return int(n)
}

func (c client) messages(count int) int {
	s := c.open(messagesID)
	done := make(chan bool)
	go func() {
		must(s.Write([]byte(fmt.Sprintf("%-32d", count))))
		sendMessages(s, count-1)
		s.CloseWrite()
		done <- true
	}()
	n := must(io.Copy(io.Discard, s))
	<-done
	s.Close()
	return int(n)
}

func timed(count, atOnce int, work func(lane int)) time.Duration {
	var next atomic.Int64
	var group sync.WaitGroup
	start := time.Now()
	for lane := 0; lane < atOnce; lane++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for next.Add(1) <= int64(count) {
				work(lane)
			}
		}()
	}
	group.Wait()
	return time.Since(start)
}

func run(cmd command) map[string]any {
	o := cmd.Options
	switch cmd.Scenario {
	case "connect":
		c := newClient(cmd.Addr)
		defer c.host.Close()
		times := []time.Duration{}
		for i := 0; i < o.Count+5; i++ {
			times = append(times, c.dialOnce(o.Identified))
		}
		times = times[5:]
		slices.Sort(times)
		return value(times[len(times)/2].Seconds() * 1000)
	case "connects":
		clients := []client{}
		for i := 0; i < o.AtOnce; i++ {
			clients = append(clients, newClient(cmd.Addr))
		}
		work := func(lane int) { clients[lane].dialOnce(o.Identified) }
		timed(o.AtOnce, o.AtOnce, work)
		took := timed(o.Count, o.AtOnce, work)
		for _, c := range clients {
			c.host.Close()
		}
		return value(float64(o.Count) / took.Seconds())
	}
	c := connected(cmd.Addr)
	defer c.host.Close()
	switch cmd.Scenario {
	case "ping":
		s := c.open(echoID)
		answer := make([]byte, messageBytes)
		roundTrip := func(int) {
			must(s.Write(message))
			must(io.ReadFull(s, answer))
		}
		timed(o.Count/4, 1, roundTrip)
		return value(timed(o.Count, 1, roundTrip).Seconds() * 1000 / float64(o.Count))
	case "streams":
		work := func(int) { c.ask() }
		timed(o.Count/4, o.AtOnce, work)
		return value(float64(o.Count) / timed(o.Count, o.AtOnce, work).Seconds())
	case "upload":
		return throughput(o.Bytes, c.upload)
	case "download":
		return throughput(o.Bytes, c.download)
	case "both":
		var times []time.Duration
		for range 2 {
			var up, down time.Duration
			var group sync.WaitGroup
			group.Add(2)
			oneWay := func(into *time.Duration, move func(int) int) {
				start := time.Now()
				move(o.Bytes)
				*into = time.Since(start)
				group.Done()
			}
			go oneWay(&up, c.upload)
			go oneWay(&down, c.download)
			group.Wait()
			times = []time.Duration{up, down}
		}
		longest := slices.Max(times).Seconds()
		return map[string]any{"value": float64(2*o.Bytes) / mib / longest, "fairness": slices.Min(times).Seconds() / longest}
	case "messages":
		c.messages(o.Count / 10)
		start := time.Now()
		if n := c.messages(o.Count); n != o.Count*messageBytes {
			panic(fmt.Sprint(n, " bytes came back"))
		}
		return value(float64(2*o.Count) / time.Since(start).Seconds())
	case "firstByte":
		c.host.Close()
		cold := newClient(cmd.Addr)
		defer cold.host.Close()
		start := time.Now()
		cold.ask()
		first := time.Since(start).Seconds() * 1000
		start = time.Now()
		cold.ask()
		return map[string]any{"value": first, "furtherMs": time.Since(start).Seconds() * 1000}
	}
	return map[string]any{"missing": true}
}

func throughput(bytes int, move func(int) int) map[string]any {
	move(bytes / 8)
	start := time.Now()
	if moved := move(bytes); moved != bytes {
		panic(fmt.Sprint(moved, " bytes arrived"))
	}
	return value(float64(bytes) / mib / time.Since(start).Seconds())
}

func value(v float64) map[string]any { return map[string]any{"value": v} }

func say(answer map[string]any) {
	line, _ := json.Marshal(answer)
	fmt.Println(string(line))
}

func answer(cmd command) (result map[string]any) {
	defer func() {
		if failure := recover(); failure != nil {
			result = map[string]any{"error": fmt.Sprint(failure)}
		}
	}()
	return run(cmd)
}

func main() {
	h := newHost("/ip4/127.0.0.1/tcp/0")
	handle(h)
	say(map[string]any{"addr": fmt.Sprintf("%s/p2p/%s", h.Addrs()[0], h.ID())})
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var cmd command
		check(json.Unmarshal(lines.Bytes(), &cmd))
		say(answer(cmd))
	}
}
