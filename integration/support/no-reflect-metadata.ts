// @peculiar/x509 brings a container of injected classes, which asks for the reflect-metadata polyfill as it loads. Nobody here injects anything, so
// it may find that there is no metadata.
Object.assign(Reflect, { getMetadata: () => undefined, getOwnMetadata: () => undefined, defineMetadata: () => {} })
