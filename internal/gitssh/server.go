package gitssh

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/pailforge/pail/internal/gitserve"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/sshkey"
)

// User is the only user name there is: who somebody is, the key says.
const User = "git"

// Client is who asks for something.
type Client struct {
	Fingerprint string // of the key, SHA-256 as OpenSSH writes it
	Address     string // host:port
	Agent       string // what the client calls itself
	Note        any    // the gate's own, to be found again in Event
}

// Gate decides about access and knows which repository is meant. Its errors are best a gitserve.Refusal; of any other the client
// hears no detail.
type Gate interface {
	// Knows tells whether anybody has added a key with this fingerprint, so that its holder may log in.
	Knows(ctx context.Context, fingerprint string) (bool, error)
	// Greet gives the lines for a client that asks for a shell: who it is.
	Greet(ctx context.Context, c *Client) ([]string, error)
	// Admit decides whether the client may read the repository, or write to it. workspace and repository are as in the
	// address: slugs or UUIDs in braces; of a snippet as gitserve.Address gives them.
	Admit(ctx context.Context, c *Client, workspace, repository string, write bool) (gitserve.Repository, error)
}

// Options tune a Server. The zero value is fine.
type Options struct {
	// Turns bound the commands that git works on at the same time. nil: 64 of its own.
	Turns *gitserve.Turns
	// Login is how long a connection may take to log in. 0: 1 minute, for keys that want to be touched.
	Login time.Duration
	// Idle is how long a connection may be without a command. 0: 2 minutes.
	Idle time.Duration
	// Stall is how long a transfer may be without a byte in either direction. 0: 10 minutes.
	Stall time.Duration
	// MaxRefs bounds the references of one push. 0: 50,000.
	MaxRefs int
	// MaxFetchRequest bounds what a client says to fetch, in bytes. 0: 64 MiB.
	MaxFetchRequest int64
	// Observe, when set, hears of every command after its end, and of every login that failed. It must be fast.
	Observe func(Event)
}

// Event is a command that was dealt with, or a login that failed.
type Event struct {
	Client
	Login    bool    // a login that failed
	Command  Command // the zero value where it could not be read, and for a shell
	Exit     int     // the status of the command
	Duration time.Duration
	Waited   time.Duration // of it, for a free process
	In, Out  int64         // bytes
	Updates  []gitserve.RefUpdate
	Err      error // nil when all went well; for logs, not for the client
}

// Server serves Git clients.
type Server struct {
	store  *gitstore.Store
	gate   Gate
	o      Options
	crowd  *crowd
	config ssh.ServerConfig
}

// maxTries is how many keys a client may offer: an agent may hold many, and offers one after the other.
const maxTries = 20

// New makes a server for the repositories of a store, which clients know by its host key.
func New(store *gitstore.Store, gate Gate, host ssh.Signer, o Options) *Server {
	if o.Turns == nil {
		o.Turns = gitserve.NewTurns(0, 0)
	}
	for _, d := range []struct {
		of    *time.Duration
		usual time.Duration
	}{{&o.Login, time.Minute}, {&o.Idle, 2 * time.Minute}, {&o.Stall, 10 * time.Minute}} {
		if *d.of <= 0 {
			*d.of = d.usual
		}
	}
	if o.MaxRefs <= 0 {
		o.MaxRefs = gitserve.DefaultMaxRefs
	}
	if o.MaxFetchRequest <= 0 {
		o.MaxFetchRequest = gitserve.DefaultMaxFetchRequest
	}
	if o.Observe == nil {
		o.Observe = func(Event) {}
	}
	s := &Server{store: store, gate: gate, o: o, crowd: newCrowd(time.Now)}
	s.config = ssh.ServerConfig{
		ServerVersion: "SSH-2.0-Pail",
		MaxAuthTries:  maxTries,
		// Without RSA signed with SHA-1, and without DSA.
		PublicKeyAuthAlgorithms: ssh.SupportedAlgorithms().PublicKeyAuths,
		BannerCallback: func(m ssh.ConnMetadata) string {
			if m.User() != User {
				return "The user name for Git over SSH is " + User + ", whoever you are: your key says that.\r\n"
			}
			return ""
		},
		PublicKeyCallback: s.know,
	}
	s.config.AddHostKey(host)
	return s
}

// errUnknown is the same for every key and every user name that does not get in.
var errUnknown = errors.New("gitssh: nobody has added this key")

// know tells whether a key may log in. What it opens is decided with each command.
func (s *Server) know(m ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
	if m.User() != User || sshkey.Weak(key) != "" {
		return nil, errUnknown
	}
	fingerprint := ssh.FingerprintSHA256(key)
	known, err := s.gate.Knows(context.Background(), fingerprint)
	if err != nil {
		return nil, err
	}
	if !known {
		return nil, errUnknown
	}
	return &ssh.Permissions{Extensions: map[string]string{fingerprintOf: fingerprint}}, nil
}

// fingerprintOf is under what a login keeps its key.
const fingerprintOf = "fingerprint"

// Serve takes connections until ctx ends. Then nobody new gets in, and what was begun is carried on; what is left when cut
// ends is cut. It returns when the last connection is gone, with an error when the listener broke.
func (s *Server) Serve(ctx, cut context.Context, ln net.Listener) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	context.AfterFunc(ctx, func() { _ = ln.Close() })
	var connections sync.WaitGroup
	defer connections.Wait()
	pause := time.Duration(0)
	for {
		nc, err := ln.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				_ = nc.Close()
			}
			return nil
		case err != nil && !errors.Is(err, net.ErrClosed): // too many open files, and the like: it passes
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
			continue
		case err != nil:
			return err
		}
		pause = 0
		connections.Go(func() { s.serve(ctx, cut, nc) })
	}
}

// serve is one connection from its first byte to its end.
func (s *Server) serve(ctx, cut context.Context, nc net.Conn) {
	defer nc.Close()
	begun := time.Now()
	where, _ := netip.ParseAddrPort(nc.RemoteAddr().String())
	from := network(where.Addr())
	if !s.crowd.enter(from) {
		s.o.Observe(Event{Login: true, Client: Client{Address: nc.RemoteAddr().String()}, Err: ErrCrowded})
		return
	}
	// Who has not logged in has nothing to finish.
	hurry := context.AfterFunc(ctx, func() { _ = nc.SetDeadline(time.Unix(1, 0)) })
	_ = nc.SetDeadline(begun.Add(s.o.Login))
	conn, channels, requests, err := ssh.NewServerConn(nc, &s.config)
	hurry()
	if err != nil {
		s.crowd.met(from, "")
		e := Event{Login: true, Client: Client{Address: nc.RemoteAddr().String()}, Duration: time.Since(begun), Err: err}
		if Refused(err) {
			s.crowd.failed(from)
		}
		s.o.Observe(e)
		return
	}
	client := Client{Fingerprint: conn.Permissions.Extensions[fingerprintOf], Address: nc.RemoteAddr().String(), Agent: agent(conn.ClientVersion())}
	if !s.crowd.met(from, client.Fingerprint) {
		s.o.Observe(Event{Login: true, Client: client, Err: ErrCrowded})
		return
	}
	defer s.crowd.leave(client.Fingerprint)
	_ = nc.SetDeadline(time.Time{})
	go ssh.DiscardRequests(requests)
	(&connection{s: s, client: client, conn: conn}).serve(ctx, cut, channels)
}

// Refused tells whether the error of a login is that no key got in.
func Refused(err error) bool {
	_, refused := errors.AsType[*ssh.ServerAuthError](err)
	return refused
}

// ErrCrowded is the end of a connection for which there was no room, or that has to wait because too many logins failed.
var ErrCrowded = errors.New("gitssh: too many connections, or too many logins that failed")

// agent is what the client calls itself, fit for a log.
func agent(version []byte) string {
	return gitserve.OneLine(strings.TrimPrefix(string(version[:min(len(version), 100)]), "SSH-2.0-"))
}
