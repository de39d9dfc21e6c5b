// Package storetest holds the contracts that every provider signs.
//
// A fake written by the people who wrote the client shares its mistakes, so
// each provider runs these suites over an emulator written from its API's
// documentation, and over a real server where one can be had. [Source] is for
// what is read, [Target] for what is written; a harness tells what kind of
// store it is and gives the way behind the provider's back into it.
//
// The suites are themselves tried on stores with defects: a contract that
// cannot be broken says nothing.
package storetest
