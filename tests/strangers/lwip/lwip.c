// SPDX-License-Identifier: MIT
// lwIP in a domain: as it starts, a client sends a megabyte over TCP to a server behind the
// loop-back interface, which sends it back; every byte must come back in order.
#include "domain.h"
#include "lwip/init.h"
#include "lwip/netif.h"
#include "lwip/tcp.h"
#include "lwip/timeouts.h"

#define PORT    7
#define TOTAL   (1u << 20)
#define SECONDS 20

static struct {
    uint32_t sent, received, wrong;
    bool connected, failed;
} echo;

uint32_t sys_now(void)
{
    return (uint32_t)(core_time() / 1000000);
}

static uint8_t byte_at(uint32_t place)
{
    return (uint8_t)(place * 2654435761u >> 24);
}

// ---- The server: what comes in goes out. It is given no more than the client has room for. ----

static err_t server_received(void *argument, struct tcp_pcb *connection, struct pbuf *packet,
                             err_t error)
{
    (void)argument, (void)error;
    if (!packet)
        return tcp_close(connection);
    for (struct pbuf *part = packet; part; part = part->next)
        if (tcp_write(connection, part->payload, part->len, TCP_WRITE_FLAG_COPY) != ERR_OK)
            return ERR_MEM; // lwIP offers the packet again
    tcp_recved(connection, packet->tot_len);
    pbuf_free(packet);
    return tcp_output(connection);
}

static err_t server_accepted(void *argument, struct tcp_pcb *connection, err_t error)
{
    (void)argument;
    if (error == ERR_OK)
        tcp_recv(connection, server_received);
    return error;
}

// ---- The client ----

static err_t client_received(void *argument, struct tcp_pcb *connection, struct pbuf *packet,
                             err_t error)
{
    (void)argument, (void)error;
    if (!packet)
        return tcp_close(connection);
    for (struct pbuf *part = packet; part; part = part->next)
        for (uint32_t i = 0; i < part->len; i++)
            echo.wrong += ((uint8_t *)part->payload)[i] != byte_at(echo.received++);
    tcp_recved(connection, packet->tot_len);
    pbuf_free(packet);
    return ERR_OK;
}

static err_t client_connected(void *argument, struct tcp_pcb *connection, err_t error)
{
    (void)argument, (void)connection;
    echo.connected = error == ERR_OK;
    return error;
}

static void client_failed(void *argument, err_t error)
{
    (void)argument;
    log_printf("lwip: the connection ended with error %d", error);
    echo.failed = true;
}

// Sends the next piece, with at most half a window under way.
static void client_send(struct tcp_pcb *connection)
{
    uint8_t piece[1024];
    if (echo.sent == TOTAL || echo.sent - echo.received > TCP_WND / 2 ||
        tcp_sndbuf(connection) < sizeof piece)
        return;
    for (uint32_t i = 0; i < sizeof piece; i++)
        piece[i] = byte_at(echo.sent + i);
    if (tcp_write(connection, piece, sizeof piece, TCP_WRITE_FLAG_COPY) == ERR_OK)
        echo.sent += sizeof piece;
    tcp_output(connection);
}

static struct tcp_pcb *connection_make(void)
{
    struct tcp_pcb *server = tcp_new(), *client = tcp_new();
    ip_addr_t loopback = IPADDR4_INIT_BYTES(127, 0, 0, 1);
    if (!server || !client || tcp_bind(server, &loopback, PORT) != ERR_OK)
        return NULL;
    server = tcp_listen(server);
    if (!server)
        return NULL;
    tcp_accept(server, server_accepted);
    tcp_recv(client, client_received);
    tcp_err(client, client_failed);
    return tcp_connect(client, &loopback, PORT, client_connected) == ERR_OK ? client : NULL;
}

int64_t domain_init(void)
{
    lwip_init();
    struct tcp_pcb *client = connection_make();
    uint64_t end = core_time() + SECONDS * 1000000000ull;
    if (!client)
        return -ENOMEM;
    while (!echo.failed && echo.received < TOTAL && core_time() < end) {
        netif_poll_all();
        sys_check_timeouts();
        if (echo.connected)
            client_send(client);
    }
    log_printf("lwip: %u of %u bytes came back, %u of them wrong", echo.received, TOTAL,
               echo.wrong);
    return echo.received == TOTAL && !echo.wrong ? 0 : -EIO;
}
