/**
 * The digest of what a database holds after its first migration, its second, and so on; a test makes them anew.
 * Making the schema itself takes 20 ms, which every command would pay.
 */
export const SCHEMA_DIGESTS: readonly string[] = [
  '048177383aeaecb642e4238d3a57e7cd',
  'a0665e2042f53c4375d6c12682f9d5d4',
  'b0a3f0bdcd0f718125c101a15fe6b551',
  '2d163dca9f0d877930569c4beb0de777',
  'c5138fd271397760a7c7c08feca5cde7',
  '42b2ce38f614707773d7896267db5f1d',
  'fd1eee9bd204564fe20acff1aa20ef10',
  'b5450f48d766920fa617036cc3b82815',
  'a5c7dda1681211031db5bba2f7d6ae0c',
  '2507bd89cb5f8d97b87cf1b1c40168da',
  '70c39222cef1e6a82baa39cba265950c',
  '91575424359d4efe8343ee1e8aef2166',
];
