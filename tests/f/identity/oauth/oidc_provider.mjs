// oidc-provider: an OpenID provider that rotates refresh tokens, and revokes a whole consent when one comes twice.
// Its development pages let anybody sign in under any name.
import { createServer } from 'node:http';

import Provider from 'oidc-provider';

const port = Number(process.env.PORT);
const issuer = `http://127.0.0.1:${port}`;
const counts = { refreshed: 0, refused: 0, revoked: 0 };

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'app',
      client_secret: 'secret-of-the-app',
      redirect_uris: process.env.REDIRECT_URIS.split(' '),
      grant_types: [
        'authorization_code',
        'refresh_token',
        'client_credentials',
        'urn:ietf:params:oauth:grant-type:device_code',
      ],
      response_types: ['code'],
      scope: 'openid email profile offline_access',
    },
  ],
  claims: { openid: ['sub'], email: ['email'], profile: ['name'] },
  features: {
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    revocation: { enabled: true },
    introspection: { enabled: true },
  },
  findAccount: (ctx, sub) => ({
    accountId: sub,
    claims: () => ({ sub, email: `${sub}@example.com`, name: `Name of ${sub}` }),
  }),
  rotateRefreshToken: true,
  cookies: { keys: ['a key of a test'] },
  pkce: { required: () => true },
  ttl: { AccessToken: 3600, RefreshToken: 86400, DeviceCode: 600, ClientCredentials: 600, Grant: 86400, Session: 86400, Interaction: 3600, IdToken: 3600 },
});
provider.on('grant.success', (ctx) => {
  if (ctx.oidc.params.grant_type === 'refresh_token') counts.refreshed += 1;
});
provider.on('grant.error', () => {
  counts.refused += 1;
});
provider.on('grant.revoked', () => {
  counts.revoked += 1;
});

const serve = provider.callback();
createServer((request, response) => {
  if (request.url === '/counts') {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(counts));
    return;
  }
  serve(request, response);
}).listen(port, '127.0.0.1');
