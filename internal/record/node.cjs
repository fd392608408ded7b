// Loaded into Node by pail record. Node before 24 reads no proxy variables: this leads fetch, and the default agents of
// http and https, through the proxy that they name.
'use strict'
const http = require('node:http')
const https = require('node:https')
const tls = require('node:tls')

const knows = process.allowedNodeEnvironmentFlags.has('--use-env-proxy')
const named = process.env.https_proxy || process.env.HTTPS_PROXY
if (!knows && named) {
  const proxy = new URL(named)

  // Asks the proxy for a connection to a host.
  const tunnel = (host, port, done) => {
    const ask = new http.Agent()
    http.request({ agent: ask, host: proxy.hostname, port: proxy.port, method: 'CONNECT', path: `${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}` })
      .once('connect', (res, socket) => res.statusCode === 200 ? done(null, socket) : done(new Error(`the recording proxy answered ${res.statusCode}`)))
      .once('error', done)
      .end()
  }
  const secure = (socket, options, done) => {
    const conn = tls.connect({ ...options, socket, path: undefined })
    const failed = (err) => done(err)
    conn.once('error', failed).once('secureConnect', () => { conn.removeListener('error', failed); done(null, conn) })
  }

  // fetch: the dispatcher that Node brings, with another way to connect. Node makes it when fetch is first used.
  const dispatcher = Symbol.for('undici.globalDispatcher.1')
  if (typeof fetch === 'function') fetch('data:,').catch(() => {})
  const Agent = globalThis[dispatcher]?.constructor
  if (Agent) {
    globalThis[dispatcher] = new Agent({
      connect (options, done) {
        const https = options.protocol === 'https:'
        tunnel(options.hostname, options.port || (https ? 443 : 80), (err, socket) => {
          if (err || !https) return done(err, socket)
          secure(socket, { servername: options.servername || options.hostname, ALPNProtocols: ['http/1.1'] }, done)
        })
      }
    })
  }

  // http and https: agents that connect in the same way.
  class Tunnel extends http.Agent {
    createConnection (options, done) { tunnel(options.host || 'localhost', options.port || 80, done) }
  }
  class SecureTunnel extends https.Agent {
    createConnection (options, done) {
      tunnel(options.host || 'localhost', options.port || 443, (err, socket) => err ? done(err) : secure(socket, options, done))
    }
  }
  http.globalAgent = new Tunnel({ keepAlive: true })
  https.globalAgent = new SecureTunnel({ keepAlive: true })
}
