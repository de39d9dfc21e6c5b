// Package harness is what every emulator has beside the API that it emulates:
// a clock that a test can set, latency, a log of the requests, a hook after
// each of them, and faults that make single requests go wrong on purpose.
//
// An emulator embeds a Harness and hands each request to Serve with a function
// that answers it. Answers are held whole until they are sent, so that a fault
// can change, cut or drop one after the request has been processed: what a
// crash between a write and its answer looks like to a client.
//
// It knows nothing of any API. What a fault's answer looks like in one API
// (its error bodies, its limits) is the emulator's to say, by Refuse and
// Change.
package harness
