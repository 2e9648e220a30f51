export { createTestDatabase, openTestDatabase, type TestDatabase } from './databases.ts'
export { movableClock, openTestPlatform, type TestPlatform } from './platform.ts'
export { seededRandom } from './random.ts'
export { seedDeployment, seedOrganization, seedRunner, type Seeded } from './seed.ts'
export {
  signUp,
  startTestServer,
  type TestPerson,
  type TestServer,
  type TestServerOptions,
} from './server.ts'
export { readSse, type ReceivedEvent, type SseReader } from './sse.ts'
