// SPDX-License-Identifier: MIT
// lwIP's switches: all of its core, IPv4 and IPv6, no threads, its loop-back interface.
#pragma once

#define NO_SYS                1
#define SYS_LIGHTWEIGHT_PROT  0
#define LWIP_NETCONN          0
#define LWIP_SOCKET           0
#define LWIP_HAVE_LOOPIF      1
#define LWIP_NETIF_LOOPBACK   1
#define LWIP_IPV6             1
#define LWIP_DHCP             1
#define LWIP_AUTOIP           1
#define LWIP_DNS              1
#define LWIP_IGMP             1
#define LWIP_RAW              1
#define LWIP_ALTCP            1
#define LWIP_IPV6_DHCP6       1
#define LWIP_WND_SCALE        1
#define LWIP_TCP_SACK_OUT     1
#define TCP_RCV_SCALE         2
#define TCP_MSS               1460
#define TCP_WND               (32 * TCP_MSS)
#define TCP_SND_BUF           (32 * TCP_MSS)
#define TCP_SND_QUEUELEN      128
#define MEMP_NUM_TCP_SEG      256
#define PBUF_POOL_SIZE        128
#define MEM_SIZE              (512 * 1024)
#define MEM_ALIGNMENT         8
#define MEMP_NUM_SYS_TIMEOUT  24
#define LWIP_STATS            1
#define LWIP_CHECKSUM_ON_COPY 1
