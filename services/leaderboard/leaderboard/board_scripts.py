"""The Lua scripts that read boards. `NEAR` and `SUM` read one partition; `AROUND` and `TOP` all of them, on a single server only.

In a cluster the partitions of a board are in different slots, so each is read by a command of its own. One call costs a fraction of
that, since most of the time goes into calls and not into reading.
"""

# The entries around a score: how many there are; how many precede those returned; the nearest before the score, all with this
# score, and the nearest behind it (member, score, member, …). The caller orders those with equal scores.
_NEAR_FUNCTION = """
local call = redis.call
local function near(board, score, above, below)
  local before, level = call('ZCOUNT', board, '-inf', '(' .. score), call('ZCOUNT', board, score, score)
  local first = math.max(0, before - above)
  return call('ZCARD', board), first, call('ZRANGE', board, first, before + level + below - 1, 'WITHSCORES')
end
"""
NEAR = _NEAR_FUNCTION + "return {near(KEYS[1], ARGV[1], ARGV[2], ARGV[3])}"

# The score of a member of the board KEYS[ARGV[1]], and the entries around it on each board; nothing if it is not on the board.
AROUND = (
    _NEAR_FUNCTION
    + """
local score = call('ZSCORE', KEYS[tonumber(ARGV[1])], ARGV[2])
if not score then return false end
local reply = {score}
for i = 1, #KEYS do
  reply[#reply + 1], reply[#reply + 2], reply[#reply + 3] = near(KEYS[i], score, ARGV[3], ARGV[4])
end
return reply
"""
)

# The number of entries of all boards, and the first ARGV[1] of them (member, score, member, …), ordered by score, then by bytes.
# Of each board ARGV[2] entries are read, and more only if they are all among the first.
TOP = """
local limit, depth, call = tonumber(ARGV[1]), tonumber(ARGV[2]), redis.call
local function precedes(one, other)
  for i = 1, math.min(#one, #other) do
    local first, second = one:byte(i), other:byte(i)
    if first ~= second then return first < second end
  end
  return #one < #other
end
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

# The referrals of a slice of a board, added up: scores are reached_at − count·2³² (`domain.score`).
SUM = """
local entries, sum = redis.call('ZRANGE', KEYS[1], ARGV[1], ARGV[2], 'WITHSCORES'), 0
for index = 2, #entries, 2 do sum = sum - math.floor(tonumber(entries[index]) / 4294967296) end
return sum
"""
