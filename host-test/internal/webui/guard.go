package webui

import "net/http"

// policy lets the page load its own style and script and talk to its own server, and nothing else. It holds even for markup
// that the sanitizer would let through.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'none'; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// formLimit is more than any switch needs.
const formLimit = 4 << 10

// guard puts the security headers on every answer, also on refusals. It refuses what is asked for under a foreign host name,
// and a POST that another site makes with the visitor's browser. A program that sends neither Sec-Fetch-Site nor Origin is no
// browser and may pass.
func guard(next http.Handler, hosts []string) http.Handler {
	next = http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()")
		h.Set("Cache-Control", "no-store") // what the group saw is nobody's cache
		if !servedAs(req, hosts) {
			http.Error(w, "This page is not served under that host name. Use localhost, an IP address of this machine, or the host given with --addr.",
				http.StatusMisdirectedRequest)
			return
		}
		req.Body = http.MaxBytesReader(w, req.Body, formLimit)
		next.ServeHTTP(w, req)
	})
}
