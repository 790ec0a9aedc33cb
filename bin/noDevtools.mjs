/** In place of react-devtools-core, which Ink would connect to where DEV=true. */
export default { initialize() {}, connectToDevTools() {} };
