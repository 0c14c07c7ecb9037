# syntax=docker/dockerfile:1
# The image of the driver, for controllers and nodes alike. `make image` makes the same one without a container engine.

FROM node:24-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json .nvmrc ./
RUN npm ci --no-audit --no-fund
COPY . .
# The Node.js that goes into the image is the one that package-lock.json names.
RUN node_modules/.bin/node scripts/build.ts && rm -rf dist/image dist/*.map && cp node_modules/node/bin/node /usr/local/bin/node

FROM debian:bookworm-slim AS root
COPY image /tmp/image
RUN apt-get update \
  && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $(grep -v '^#' /tmp/image/packages.txt) \
  && sh /tmp/image/strip.sh \
  && rm -rf /tmp/image

# One layer, without what the steps above have removed again.
FROM scratch
COPY --from=root / /
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /src/dist /opt/stowage
RUN ["/usr/bin/ln", "-s", "/opt/stowage/stowage.js", "/usr/local/bin/stowage"]
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LABEL org.opencontainers.image.title="stowage" org.opencontainers.image.licenses="Apache-2.0"
# The first process of a container has to end what others leave behind, which the driver does not do.
ENTRYPOINT ["/usr/bin/tini", "--", "/usr/local/bin/stowage"]
