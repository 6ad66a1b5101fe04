/* Prints whom this network namespace speaks to: one line "PROTOCOL ADDRESS PORT" for each connection that is begun and each datagram that is sent. */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

static void say(const char *protocol, int family, const void *address, const uint8_t *ports) {
    char text[INET6_ADDRSTRLEN];
    inet_ntop(family, address, text, sizeof text);
    printf("%s %s %d\n", protocol, text, ports[2] << 8 | ports[3]);
}

static void look(int family, const void *to, int protocol, const uint8_t *rest) {
    /* Of a connection the first packet only: SYN without ACK. */
    if (protocol == IPPROTO_TCP && (rest[13] & 0x12) == 0x02) say("tcp", family, to, rest);
    if (protocol == IPPROTO_UDP) say("udp", family, to, rest);
}

int main(void) {
    uint8_t packet[65536];
    struct sockaddr_ll from;
    int all = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL));
    if (all < 0) return 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    puts("listening");
    for (;;) {
        socklen_t size = sizeof from;
        ssize_t length = recvfrom(all, packet, sizeof packet, 0, (struct sockaddr *)&from, &size);
        if (length < 0) return 1;
        if (from.sll_pkttype != PACKET_OUTGOING || length < 28) continue;
        if (ntohs(from.sll_protocol) == ETH_P_IP) look(AF_INET, packet + 16, packet[9], packet + (packet[0] & 15) * 4);
        if (ntohs(from.sll_protocol) == ETH_P_IPV6 && length >= 60) look(AF_INET6, packet + 24, packet[6], packet + 40);
    }
}
