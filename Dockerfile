# The GitHub Action's image: one static binary, the certificates that it
# checks servers with, and git. There is no shell, no package manager and
# nothing else that a mistake could run.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o /image/keyplumb ./cmd/keyplumb
# On a pull request keyplumb reads the policy at the base revision, and asks
# git for it. git comes with the libraries that it is linked to.
RUN cp --parents --dereference /usr/bin/git $(ldd /usr/bin/git | grep -o '/[^ ]*') /image
RUN cp --parents --dereference /etc/ssl/certs/ca-certificates.crt /image

FROM scratch
COPY --from=build /image /
ENV PATH=/usr/bin
# The runner owns the workspace and the files that outputs are written to, as
# a user whose number it does not tell; GitHub asks Docker actions to run as
# root for that reason. Outside an Action: docker run --user.
ENTRYPOINT ["/keyplumb"]
CMD ["action"]
