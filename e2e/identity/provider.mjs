// A real OpenID provider for the stage `identity`: client credentials, access tokens as JWT, keys that can be rotated.
//
//   node provider.mjs <port> <kid>...
//
// Each kid is a key pair of this run; all are published, the first one signs. It prints a line when it answers.
import { generateKeyPairSync } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const modules = process.env.VACANCY_IDENTITY_MODULES;
const require = createRequire(join(modules, 'package.json'));
const { Provider } = await import(pathToFileURL(require.resolve('oidc-provider')).href);

const [port, ...kids] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const jwk = (kid) => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' };
};

const provider = new Provider(issuer, {
  clients: [{
    client_id: 'agency',
    client_secret: 'a secret of this test',
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    token_endpoint_auth_method: 'client_secret_post',
  }],
  jwks: { keys: kids.map(jwk) },
  // Where Keycloak writes them.
  extraTokenClaims: () => ({ realm_access: { roles: ['manager', 'offline_access'] } }),
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => 'urn:vacancy',
      getResourceServerInfo: () => ({
        scope: '',
        audience: 'vacancy',
        accessTokenFormat: 'jwt',
        accessTokenTTL: 600,
        jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
});
provider.listen(Number(port), '127.0.0.1', () => console.log(`answering at ${issuer}`));
