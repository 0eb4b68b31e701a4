package doctor

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"syscall"
)

// A trouble is a network error in words of its own: net/http's hold the address
// and may hold a proxy's password.
type trouble struct{ text, remedy string }

func troubleOf(err error) trouble {
	var lookup *net.DNSError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var timeout net.Error
	switch {
	case errors.As(err, &lookup):
		return trouble{"its name is not known", "Look for a slip in the host name, and at the machine's name service."}
	case errors.As(err, &certificate):
		return trouble{"its certificate is not trusted", "Look for a proxy that opens encrypted connections, and have the machine trust its certificate."}
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return trouble{"it does not speak TLS", "Look for a slip in the port, or for http in the place of https."}
	case errors.Is(err, syscall.ECONNREFUSED):
		return trouble{"the connection was refused", "Nothing listens there: look for a slip in host and port."}
	case errors.As(err, &timeout) && timeout.Timeout():
		return trouble{"there is no answer", "A firewall may swallow the request: let this machine out to that host, or set HTTPS_PROXY."}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return trouble{"the connection broke", "Look at the firewall or proxy in between."}
	}
	return trouble{"for a reason that cannot be shown, since it may hold a credential", "Look at the network between this machine and that host."}
}
