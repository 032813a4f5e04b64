// Preloaded into a command: soon after it has begun its thread never comes back, and signals are caught, as while a large file is parsed.
if (process.argv[1]?.endsWith('index.ts')) {
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => undefined);
  setTimeout(() => {
    process._rawDebug('deaf');
    for (;;);
  }, 1);
}
