package webui

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// servedAs reports whether the page is to be asked for under the request's Host. A site elsewhere can have its own name lead
// here (DNS rebinding) and then reads and switches as the page itself does; but the browser still says that name. So a name
// must be localhost or one of hosts, and an IP address loopback, one of hosts, or the one that the connection was made to. The
// port is not looked at, because it may be forwarded.
func servedAs(req *http.Request, hosts []string) bool {
	host := req.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	if host == "localhost" || host != "" && slices.ContainsFunc(hosts, func(h string) bool { return strings.EqualFold(h, host) }) {
		return true
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	ip = ip.WithZone("").Unmap()
	return ip.IsLoopback() || ip == connectedTo(req)
}

// connectedTo returns the server's address on the request's connection, or the zero Addr.
func connectedTo(req *http.Request) netip.Addr {
	local, ok := req.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return local.AddrPort().Addr().WithZone("").Unmap()
}
