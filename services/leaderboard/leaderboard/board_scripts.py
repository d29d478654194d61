"""The Lua scripts that read boards. `NEAR` and `SUM` read one partition; `AROUND` and `TOP` all of them, on a single server only.

In a cluster the partitions of a board are in different slots, so each is read by a command of its own. One call costs a fraction of
that, since most of the time goes into calls and not into reading.
"""

# The entries around a score: how many there are; how many precede those returned; the nearest before the score, all with this
# score, and the nearest behind it (member, score, member, …). The caller orders those with equal scores.
NEAR = """
local call, board, score, above, below = redis.call, KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local before, level = call('ZCOUNT', board, '-inf', '(' .. score), call('ZCOUNT', board, score, score)
local first = math.max(0, before - above)
return {call('ZCARD', board), first, call('ZRANGE', board, first, before + level + below - 1, 'WITHSCORES')}
"""

# Whether the first member is before the second, as sets order members with equal scores: by their bytes, whatever the locale.
_PRECEDES_FUNCTION = """
local function precedes(one, other)
  for i = 1, math.min(#one, #other) do
    local first, second = one:byte(i), other:byte(i)
    if first ~= second then return first < second end
  end
  return #one < #other
end
"""

# The place of the member ARGV[2] of the board KEYS[ARGV[1]] among all boards: how many entries there are; how many precede those
# returned; and the member with ARGV[3] entries on each side (member, score, member, …), in order. Nothing if it is on no board.
# Of each board a few entries around the score are read, and more only where these are among the nearest of all: to write a score
# as text takes Redis as long as to find it.
AROUND = (
    _PRECEDES_FUNCTION
    + """
local call, mine, member, reach = redis.call, tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local text = call('ZSCORE', KEYS[mine], member)
if not text then return false end
local own, limit, step, count = tonumber(text), '(' .. text, 2, #KEYS
local total, ahead, lists, firsts, ups, downs, heads = 0, 0, {}, {}, {}, {}, {}
for i = 1, count do
  local key, before, last = KEYS[i]
  if i == mine then
    before = call('ZRANK', key, member)
    last = before + step
  else
    before = call('ZCOUNT', key, '-inf', limit)
    last = before + step - 1
  end
  local first = before > step and before - step or 0
  local list, place = call('ZRANGE', key, first, last, 'WITHSCORES'), 2 * (before - first) + 1
  ups[i] = place - 2
  if i == mine then
    place = place + 2
  else
    while list[place] and tonumber(list[place + 1]) == own and precedes(list[place], member) do
      before, ups[i], place = before + 1, place, place + 2
      if place > #list then
        for _, one in ipairs(call('ZRANGE', key, before, before + 99, 'WITHSCORES')) do list[#list + 1] = one end
      end
    end
  end
  total, ahead = total + call('ZCARD', key), ahead + before
  lists[i], firsts[i], downs[i] = list, first, place
  heads[i] = ups[i] > 0 and tonumber(list[ups[i] + 1])
end
local above, result = {}, {}
while #above < 2 * reach do
  local best, score
  for i = 1, count do
    local head = heads[i]
    if head and (not best or head > score
        or (head == score and precedes(lists[best][ups[best]], lists[i][ups[i]]))) then
      best, score = i, head
    end
  end
  if not best then break end
  local list, place = lists[best], ups[best]
  above[#above + 1] = list[place + 1]
  above[#above + 1] = list[place]
  place = place - 2
  if place < 1 and firsts[best] > 0 and #above < 2 * reach then
    local first = math.max(0, firsts[best] - step)
    local more = call('ZRANGE', KEYS[best], first, firsts[best] - 1, 'WITHSCORES')
    local size = #more
    for k = 1, #list do more[size + k] = list[k] end
    lists[best], firsts[best], downs[best], list, place = more, first, downs[best] + size, more, size - 1
  end
  ups[best], heads[best] = place, place > 0 and tonumber(list[place + 1])
end
for k = #above, 1, -1 do result[#result + 1] = above[k] end
result[#result + 1], result[#result + 2] = member, text
local full = #result + 2 * reach
for i = 1, count do heads[i] = tonumber(lists[i][downs[i] + 1]) end
while #result < full do
  local best, score
  for i = 1, count do
    local head = heads[i]
    if head and (not best or head < score
        or (head == score and precedes(lists[i][downs[i]], lists[best][downs[best]]))) then
      best, score = i, head
    end
  end
  if not best then break end
  local list, place = lists[best], downs[best]
  result[#result + 1], result[#result + 2] = list[place], list[place + 1]
  place = place + 2
  if place > #list and #result < full then
    local next = firsts[best] + #list / 2
    for _, one in ipairs(call('ZRANGE', KEYS[best], next, next + step - 1, 'WITHSCORES')) do list[#list + 1] = one end
  end
  downs[best], heads[best] = place, tonumber(list[place + 1])
end
return {total, ahead - #above / 2, result}
"""
)

# The number of entries of all boards, and the first ARGV[1] of them (member, score, member, …), ordered by score, then by bytes.
# Of each board ARGV[2] entries are read, and more only if they are all among the first.
TOP = (
    _PRECEDES_FUNCTION
    + """
local limit, depth, call = tonumber(ARGV[1]), tonumber(ARGV[2]), redis.call
local total, lists, heads, places, result = 0, {}, {}, {}, {}
for i = 1, #KEYS do
  total = total + call('ZCARD', KEYS[i])
  lists[i], places[i] = call('ZRANGE', KEYS[i], 0, depth - 1, 'WITHSCORES'), 1
  heads[i] = tonumber(lists[i][2])
end
while #result < 2 * limit do
  local best
  for i = 1, #KEYS do
    local head = heads[i]
    if head and (not best or head < heads[best]
        or (head == heads[best] and precedes(lists[i][places[i]], lists[best][places[best]]))) then
      best = i
    end
  end
  if not best then break end
  local list, place = lists[best], places[best]
  result[#result + 1], result[#result + 2] = list[place], list[place + 1]
  place = place + 2
  if place > #list and #list == 2 * depth and depth < limit then
    list = call('ZRANGE', KEYS[best], 0, limit - 1, 'WITHSCORES')
    lists[best] = list
  end
  places[best], heads[best] = place, tonumber(list[place + 1])
end
return {total, result}
"""
)

# The referrals of a slice of a board, added up: scores are reached_at − count·2³² (`domain.score`).
SUM = """
local entries, sum = redis.call('ZRANGE', KEYS[1], ARGV[1], ARGV[2], 'WITHSCORES'), 0
for index = 2, #entries, 2 do sum = sum - math.floor(tonumber(entries[index]) / 4294967296) end
return sum
"""
