#!/bin/sh
# take-route ADDRESS: makes ADDRESS the next hop of the VIP
az login --identity &&
az network route-table route update --resource-group net --route-table-name rt \
  --name web --next-hop-ip-address "$1"
