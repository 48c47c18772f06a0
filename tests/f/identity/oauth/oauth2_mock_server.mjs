// oauth2-mock-server: checks PKCE and that a code comes once; takes any client, secret and refresh token.
import { OAuth2Server } from 'oauth2-mock-server';

const server = new OAuth2Server();
await server.issuer.keys.generate('RS256');
await server.start(Number(process.env.PORT), '127.0.0.1');
