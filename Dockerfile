# syntax=docker/dockerfile:1

# The toolchain stays in this stage: the final stage copies only the program.
FROM --platform=$BUILDPLATFORM golang:1.26.8-bookworm AS build
ARG TARGETOS
ARG TARGETARCH
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY dockworthy.go results.go shared.go ./
COPY attest ./attest
COPY check ./check
COPY cmd ./cmd
COPY internal ./internal
COPY registry ./registry
COPY report ./report
COPY text ./text
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -buildvcs=false -trimpath -ldflags=-s -o /out/dockworthy ./cmd/dockworthy

FROM gcr.io/distroless/static-debian12:nonroot AS runtime
COPY --from=build /out/dockworthy /
USER 65532:65532
ENTRYPOINT ["/dockworthy"]
