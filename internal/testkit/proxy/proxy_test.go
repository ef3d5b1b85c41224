package proxy

import (
	"io"
	"net"
	"testing"
	"time"
)

// echo is a server that sends back what it gets, and counts it.
func echo(t *testing.T) (addr string, got chan byte) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	got = make(chan byte, 16)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				b := make([]byte, 1)
				for {
					if _, err := conn.Read(b); err != nil {
						return
					}
					got <- b[0]
					if _, err := conn.Write(b); err != nil {
						return
					}
				}
			}()
		}
	}()
	return listener.Addr().String(), got
}

func dial(t *testing.T, p *Proxy) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func TestProxy(t *testing.T) {
	addr, got := echo(t)
	p, err := New(t.Context(), addr)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()

	t.Run("passes both ways", func(t *testing.T) {
		conn := dial(t, p)
		if _, err := conn.Write([]byte("a")); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 1)
		if _, err := io.ReadFull(conn, b); err != nil || b[0] != 'a' || <-got != 'a' {
			t.Errorf("read %q, %v", b, err)
		}
	})
	t.Run("a cut loses the reply, not the request", func(t *testing.T) {
		p.Hold(time.Hour)
		conn := dial(t, p)
		if _, err := conn.Write([]byte("b")); err != nil {
			t.Fatal(err)
		}
		if b := <-got; b != 'b' {
			t.Errorf("the server got %q", b)
		}
		p.Cut()
		if n, err := conn.Read(make([]byte, 1)); err == nil {
			t.Errorf("%d bytes of the reply came through", n)
		}
	})
}

// TestCutAfter lets so many bytes pass and no more, once.
func TestCutAfter(t *testing.T) {
	addr, got := echo(t)
	p, err := New(t.Context(), addr)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for _, toServer := range []bool{true, false} {
		cut := p.CutAfter(3, toServer)
		conn := dial(t, p)
		if _, err := conn.Write([]byte("12345")); err != nil {
			t.Fatal(err)
		}
		back, _ := io.ReadAll(conn) // ends with a reset or in good order
		<-cut
		if arrived := len(back); !toServer && arrived != 3 || arrived > 3 {
			t.Errorf("to the server %v: %d bytes came back", toServer, arrived)
		}
		time.Sleep(20 * time.Millisecond) // what passed is counted by then
		if toServer && len(got) > 3 {
			t.Errorf("%d bytes came to the server", len(got))
		}
		for len(got) > 0 {
			<-got
		}
	}
	again := dial(t, p)
	if _, err := again.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1)
	if _, err := again.Read(b); err != nil || b[0] != 'x' {
		t.Errorf("after the cut %q, %v", b, err)
	}
}
