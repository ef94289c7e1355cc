/* Answers every request with the library's greeting. */
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char *greeting(void);

static void stop(int signal) { _exit(0); }

int main(int argc, char **argv) {
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(argc > 1 ? atoi(argv[1]) : 8000)};
	int server = socket(AF_INET, SOCK_STREAM, 0), client;
	signal(SIGTERM, stop);
	if (bind(server, (struct sockaddr *)&at, sizeof at) || listen(server, 8))
		return 1;
	while ((client = accept(server, 0, 0)) >= 0) {
		const char *head = "HTTP/1.0 200 OK\r\n\r\n";
		write(client, head, strlen(head));
		write(client, greeting(), strlen(greeting()));
		close(client);
	}
	return 1;
}
