package errand

import (
	"context"
	"errors"
	"net"
	"strconv"

	"zoucun/survey"
)

// Listen opens a port for a meeting, and returns the address by which a tablet on the same network reaches it. Without a
// network it is an error of kind Unavailable.
func Listen(ctx context.Context) (net.Listener, string, error) {
	own, err := nearby(ctx)
	if err != nil {
		return nil, "", refuse(survey.Unavailable, "本机没有连着 Wi-Fi，也没有开热点，别的平板连不过来。请先打开本机的热点，或两台连同一个 Wi-Fi。", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", ":0")
	if err != nil {
		return nil, "", refuse(survey.Unavailable, "本机现在收不了，请稍后再试。", err)
	}
	tcp, _ := listener.Addr().(*net.TCPAddr)
	return listener, net.JoinHostPort(own.String(), strconv.Itoa(tcp.Port)), nil
}

// nearby returns this device's address among its neighbours: a private one rather than another, or, where the system does
// not tell them to programs, the one by which it would reach another.
func nearby(ctx context.Context) (net.IP, error) {
	addresses, err := net.InterfaceAddrs()
	var found net.IP
	for _, a := range addresses {
		own, ok := a.(*net.IPNet)
		if !ok || own.IP.To4() == nil || !own.IP.IsGlobalUnicast() {
			continue
		}
		if own.IP.IsPrivate() {
			return own.IP.To4(), nil
		}
		found = own.IP.To4()
	}
	if found != nil {
		return found, nil
	}
	for _, neighbour := range []string{"192.168.43.2:9", "192.168.0.2:9", "10.0.0.2:9"} {
		c, dialErr := (&net.Dialer{}).DialContext(ctx, "udp4", neighbour) // sends nothing
		if dialErr != nil {
			err = errors.Join(err, dialErr)
			continue
		}
		own, ok := c.LocalAddr().(*net.UDPAddr)
		if closeErr := c.Close(); ok && closeErr == nil && own.IP.IsGlobalUnicast() {
			return own.IP, nil
		}
	}
	return nil, errors.Join(err, errors.New("no address"))
}
