# The images of keyplumb: one static binary, the certificates that it checks
# servers with, and git. The last is the GitHub Action's, and has nothing else
# that a mistake could run; the target gitlab is for the jobs of GitLab CI.
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

# GitLab's runner gives a job to a shell in the job's image, and uses grep and
# some of the coreutils there. They come from the build's own image: another
# base would be one more to trust and to keep up to date.
FROM build AS gitlab-build
RUN mkdir -p /gitlab/etc /gitlab/home/keyplumb && mkdir -m 1777 /gitlab/tmp \
 && cp -a /image/. /gitlab && mv /gitlab/keyplumb /gitlab/usr/bin/ && ln -s usr/bin /gitlab/bin \
 && chown 1000:1000 /gitlab/home/keyplumb \
 && echo 'keyplumb:x:1000:1000::/home/keyplumb:/bin/sh' >/gitlab/etc/passwd \
 && echo 'keyplumb:x:1000:' >/gitlab/etc/group
RUN cd /usr/bin && tools="sh grep cat chmod cp cut date dirname env head id ln ls mkdir mktemp mv \
      pwd rm rmdir sed sleep sort stat tail tee test touch tr true uname wc" \
 && cp --dereference $tools /gitlab/usr/bin/ \
 && cp --parents --dereference $(ldd $tools | grep -o '/[^ ]*[^: ]' | sort -u) /gitlab

FROM scratch AS gitlab
COPY --from=gitlab-build /gitlab /
ENV PATH=/usr/bin
USER 1000:1000
WORKDIR /home/keyplumb
# The runner starts a shell; an entrypoint would be in its way.
ENTRYPOINT []
CMD ["sh"]

FROM scratch
COPY --from=build /image /
ENV PATH=/usr/bin
# The runner owns the workspace and the files that outputs are written to, as
# a user whose number it does not tell; GitHub asks Docker actions to run as
# root for that reason. Outside an Action: docker run --user.
ENTRYPOINT ["/keyplumb"]
CMD ["action"]
