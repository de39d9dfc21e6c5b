package vault

import (
	"net/http"
	"slices"
)

// A State is what a server is in its cluster.
type State int

// The states, with what sys/health answers to each:
// https://developer.hashicorp.com/vault/api-docs/system/health
const (
	Active             State = iota // 200
	Standby                         // 429; requests are sent to the active server
	PerformanceStandby              // 473; requests to read are answered
	Sealed                          // 503
	Uninitialized                   // 501
)

// SetState makes the server be of a state. A standby sends clients to the
// active server's address; where that is "", it knows none.
func (s *Server) SetState(state State, active string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state, s.active = state, active
}

// Seal makes the server answer nothing but that it is sealed. Its tokens and
// secrets are there again after Unseal.
func (s *Server) Seal() { s.SetState(Sealed, "") }

// Unseal makes the server active.
func (s *Server) Unseal() { s.SetState(Active, "") }

// awake refuses what the server cannot answer in its state.
func (c *call) awake() error {
	if slices.Contains([]string{"sys/health", "sys/seal-status"}, c.path) {
		return nil
	}
	switch s := c.server; {
	case s.state == Sealed || s.state == Uninitialized:
		return refusal(http.StatusServiceUnavailable, "Vault is sealed")
	case s.state == Standby && s.active == "":
		return refusal(http.StatusInternalServerError, "local node not active but active cluster node not found")
	case s.state == Standby:
		at := s.active + prefix + c.request.URL.RequestURI()
		return &failure{status: http.StatusTemporaryRedirect, header: http.Header{"Location": {at}}}
	}
	return nil
}

// health answers with a status that a load balancer can go by.
func (c *call) health() (reply, error) {
	state := c.server.state
	status := map[State]int{
		Active: http.StatusOK, Standby: http.StatusTooManyRequests, PerformanceStandby: 473,
		Sealed: http.StatusServiceUnavailable, Uninitialized: http.StatusNotImplemented,
	}[state]
	return reply{status, map[string]any{
		"initialized": state != Uninitialized, "sealed": state >= Sealed,
		"standby": state != Active, "performance_standby": state == PerformanceStandby,
		"replication_performance_mode": "disabled", "replication_dr_mode": "disabled",
		"server_time_utc": c.now.Unix(), "version": release, "enterprise": len(c.server.spaces) > 1,
		"echo_duration_ms": 0, "clock_skew_ms": 0,
	}}, nil
}

// release is the version of Vault that the emulator was compared with.
const release = "1.21.4"

func (c *call) sealStatus() (reply, error) {
	state := c.server.state
	return reply{http.StatusOK, map[string]any{
		"type": "shamir", "initialized": state != Uninitialized, "sealed": state >= Sealed,
		"t": 3, "n": 3, "progress": 0, "nonce": "", "version": release, "migration": false, "recovery_seal": false,
	}}, nil
}
