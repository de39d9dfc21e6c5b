// Package githubtest runs the emulator of GitHub in tests, and checks every
// request that it gets and every answer that it gives against GitHub's own
// description of its REST API. So neither a client nor the emulator can drift
// from what GitHub documents without a test failing.
//
// openapi.json.gz is a part of that description, 59 paths of version 23.0.2 of
// the npm package @octokit/openapi (generated/api.github.com.json), which is
// made from https://github.com/github/rest-api-description. Both are under the
// MIT licence:
//
//	Copyright (c) 2020 GitHub
//
//	Permission is hereby granted, free of charge, to any person obtaining a copy
//	of this software and associated documentation files (the "Software"), to deal
//	in the Software without restriction, including without limitation the rights
//	to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
//	copies of the Software, and to permit persons to whom the Software is
//	furnished to do so, subject to the following conditions:
//
//	The above copyright notice and this permission notice shall be included in all
//	copies or substantial portions of the Software.
//
//	THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
//	IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
//	FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
//	AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
//	LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
//	OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
//	SOFTWARE.
//
// The description lists few of the answers that refuse a request. One that an
// operation does not list must still be an error as the description defines it
// (basic-error, or validation-error for 422), with a message and the address of
// its documentation. A success that is not listed is a fault. So is a query
// parameter that an operation does not have.
//
// Answers that a test made wrong by injecting a fault are exempt; the request
// that got one is checked all the same.
package githubtest
