export { createTestDatabase, openTestDatabase, type TestDatabase } from './databases.ts'
export {
  signUp,
  startTestServer,
  type TestPerson,
  type TestServer,
  type TestServerOptions,
} from './server.ts'
