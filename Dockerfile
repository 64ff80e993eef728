# The plain Node server, for Cloud Run, ECS and Fargate, Kubernetes, or any machine with containers.
# Build: docker build -t ziplink .   Run: docker run -p 8080:8080 -e SOURCE=… -e LINK_SECRET=… ziplink

FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# No package that the service needs runs a script on installation.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
# Owned by root, so that the service can read its code but not change it.
COPY --from=packages /app/node_modules ./node_modules
COPY package.json ./
COPY core ./core
COPY adapters ./adapters
COPY functions ./functions
USER node
EXPOSE 8080
# The health check reads the server's own settings for its address and protocol, including HTTP2.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["node", "functions/node/health.ts"]
# Not through npm: signals must reach the server, which lets downloads finish before it exits.
CMD ["node", "--max-semi-space-size=8", "functions/node.ts"]
