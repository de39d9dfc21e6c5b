package gitlab

import (
	"cmp"
	"net/url"
	"strings"
)

// DefaultURL is GitLab.com.
const DefaultURL = "https://gitlab.com"

const apiPath = "/api/v4"

// APIURL gives the one spelling of the address of a server's API, of the
// server's own address or its API's; "" is [DefaultURL]. What is no absolute
// URL comes back as it is, for [New] to refuse.
func APIURL(address string) string {
	u, err := url.Parse(cmp.Or(address, DefaultURL))
	if err != nil || u.Host == "" {
		return address
	}
	usual := map[string]string{"https": ":443", "http": ":80"}[u.Scheme]
	u.Host = strings.TrimSuffix(strings.ToLower(u.Host), usual)
	root := strings.TrimRight(u.Path, "/")
	u.Path = strings.TrimRight(strings.TrimSuffix(root, apiPath), "/") + apiPath
	return u.String()
}
