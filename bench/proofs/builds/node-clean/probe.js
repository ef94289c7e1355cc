// Ends with 0 when the program beside it answers.
const http = require('http');

const ask = http.get({ host: '127.0.0.1', port: 3000, timeout: 2000 }, (answer) => {
  process.exit(answer.statusCode === 200 ? 0 : 1);
});
ask.on('timeout', () => process.exit(1));
ask.on('error', () => process.exit(1));
