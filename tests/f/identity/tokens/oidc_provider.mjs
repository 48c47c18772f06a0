// An OpenID provider that others wrote (oidc-provider), as an issuer of tokens: node oidc_provider.mjs PORT
// POST /_rotate?keep=1 has it sign with a new key; without keep, the old one is published no more.
import { createServer } from 'node:http'
import { generateKeyPairSync } from 'node:crypto'
import Provider from 'oidc-provider'

const port = Number(process.argv[2])
const issuer = `http://127.0.0.1:${port}`
const redirect = `http://127.0.0.1:${port}/landed`
let number = 0
let keys = []

function generate() {
  number += 1
  const made = [
    [generateKeyPairSync('ec', { namedCurve: 'P-256' }), 'ES256'],
    [generateKeyPairSync('rsa', { modulusLength: 2048 }), 'RS256'],
    [generateKeyPairSync('ed25519'), 'EdDSA'],
  ]
  return made.map(([pair, alg]) => ({
    ...pair.privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: `${alg}-${number}`,
  }))
}

function client(alg) {
  return {
    client_id: `client-${alg}`, client_secret: 'secret', application_type: 'native',
    grant_types: ['authorization_code', 'client_credentials'], response_types: ['code'],
    redirect_uris: [redirect], id_token_signed_response_alg: alg, token_endpoint_auth_method: 'client_secret_post',
  }
}

function provider() {
  return new Provider(issuer, {
    jwks: { keys },
    clients: ['ES256', 'RS256', 'EdDSA'].map(client),
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, email: `${id}@example.com` }) }),
    claims: { openid: ['sub'], email: ['email'] },
    conformIdTokenClaims: false,
    enabledJWA: { idTokenSigningAlgValues: ['ES256', 'RS256', 'EdDSA'] },
    features: {
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, resource) => ({
          scope: 'read', audience: resource, accessTokenTTL: 300, accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
  })
}

keys = generate()
let answer = provider().callback()
createServer((request, response) => {
  if (!request.url.startsWith('/_rotate')) return answer(request, response)
  keys = request.url.endsWith('keep=1') ? [...generate(), ...keys] : generate()
  answer = provider().callback()
  response.end()
}).listen(port, '127.0.0.1')
