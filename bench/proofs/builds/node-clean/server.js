// Answers every request on the port it is given; ends when it is asked to.
const http = require('http');

const port = Number(process.argv[2] || 3000);
if (!Number.isInteger(port)) {
  console.error(`not a port: ${process.argv[2]}`);
  process.exit(2);
}
const server = http.createServer((request, response) => response.end('ok\n'));
server.listen(port, '0.0.0.0');
process.on('SIGTERM', () => {
  server.close(() => process.exit(0));
  server.closeAllConnections();
});
