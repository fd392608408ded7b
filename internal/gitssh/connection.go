package gitssh

import (
	"context"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// maxSessions is how many commands a connection may run at the same time, for clients that share one.
const maxSessions = 8

// connection is a client that has logged in.
type connection struct {
	s      *Server
	client Client
	conn   *ssh.ServerConn

	mu     sync.Mutex
	active int         // sessions
	idle   *time.Timer // ends the connection; stopped while there is a session
	ending bool        // with the last session
}

// serve runs what the client asks for, until it leaves or is idle for too long.
func (c *connection) serve(ctx, cut context.Context, channels <-chan ssh.NewChannel) {
	defer c.conn.Close()
	c.idle = time.AfterFunc(c.s.o.Idle, func() { _ = c.conn.Close() })
	defer c.idle.Stop()
	defer context.AfterFunc(ctx, c.end)()
	here, gone := context.WithCancel(cut)
	defer gone()
	defer context.AfterFunc(cut, func() { _ = c.conn.Close() })()
	var sessions sync.WaitGroup
	defer sessions.Wait()
	for asked := range channels { // it ends with the connection
		switch {
		case asked.ChannelType() != "session":
			_ = asked.Reject(ssh.Prohibited, "nothing is forwarded here")
		case !c.begin():
			_ = asked.Reject(ssh.ResourceShortage, "too many commands at once, or the server is stopping")
		default:
			channel, requests, err := asked.Accept()
			if err != nil {
				c.done()
				continue
			}
			sessions.Go(func() {
				defer c.done()
				(&session{connection: c, here: here, cut: cut, channel: channel}).serve(requests)
			})
		}
	}
	gone()
}

// begin counts one session more, unless there are enough.
func (c *connection) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.active >= maxSessions || c.ending {
		return false
	}
	c.active++
	c.idle.Stop()
	return true
}

// done counts one session less.
func (c *connection) done() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.active--; c.active > 0 {
		return
	}
	if c.ending {
		_ = c.conn.Close()
		return
	}
	c.idle.Reset(c.s.o.Idle)
}

// end ends the connection with its last session.
func (c *connection) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ending = true
	if c.active == 0 {
		_ = c.conn.Close()
	}
}
